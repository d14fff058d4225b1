/**
 * What a change of a pod touches: fields of a container that are read while it runs, so that a change of them
 * needs no new one, and the ports and volumes that belong to the pause. What decides (the hashes) and what tells
 * people beforehand (`diff`, watch mode, what `up -d` waits for) must not differ, so both read it here.
 */
import type { Pod, Volume } from './types.ts';

/** A change of these needs no new container. */
export const LIVE_FIELDS: ReadonlySet<string> = new Set([
	'resources',
	'resizePolicy',
	'imagePullPolicy',
	'restartPolicy',
	'restartPolicyRules',
	'targetContainerName',
	// A joined container publishes nothing by itself: host ports are the pause's.
	'ports',
]);

/** The host ports of a pod: the pause publishes them. */
export function publishedPorts({ initContainers, containers }: Pod['spec']): unknown[] {
	return [...(initContainers ?? []), ...containers]
		.flatMap((container) => container.ports ?? [])
		.filter((port) => port.hostPort)
		.map(({ containerPort, hostPort, hostIP, protocol }) => ({ containerPort, hostPort, hostIP, protocol }));
}

/** Volumes whose contents podrun writes may get other contents in place; the others are what they name. */
export function volumeIdentity(volume: Volume): unknown {
	const { name, ...source } = volume;
	const written = ['configMap', 'secret', 'projected', 'downwardAPI'].find((kind) => kind in source);
	return written ? { name, written: true } : { name, ...source };
}
