/**
 * What a changed manifest will do to what runs, in one line for each cause, before it is done: the same plan
 * for watching, `diff` and `apply --dry-run`. It mirrors what the supervisor compares (its hashes of
 * containers and sandbox); a test holds the two together. Pure.
 */
import { LIVE_FIELDS, publishedPorts, volumeIdentity } from '../../api/live-fields.ts';
import { sameJson } from '../../api/object.ts';
import type { AnyContainer, KubeObject, Pod } from '../../api/types.ts';
import { LAST_APPLIED } from '../merge.ts';
import { BUILD, WATCH } from './annotations.ts';

export interface Announced {
	/** `image of web changed: 1 container restarts, IP kept` */
	readonly lines: readonly string[];
	/** Names of containers that will have another attempt. */
	readonly restarts: readonly string[];
}

const SANDBOX = [
	'hostname',
	'hostnameOverride',
	'subdomain',
	'setHostnameAsFQDN',
	'hostAliases',
	'dnsPolicy',
	'dnsConfig',
	'hostNetwork',
	'hostIPC',
	'hostPID',
	'hostUsers',
	'shareProcessNamespace',
	'runtimeClassName',
] as const;

/** `before`: undefined when the object is new. Both as the server has them, with defaults. */
export function announce(before: KubeObject | undefined, after: KubeObject): Announced {
	const name = `${after.kind.toLowerCase()}/${after.metadata.name}`;
	if (before === undefined) return { lines: [`${name} is created`], restarts: [] };
	if (after.kind === 'Pod') return announcePod(before as unknown as Pod, after as unknown as Pod);
	if (after.kind === 'ConfigMap' || after.kind === 'Secret') return announceConfig(name, before, after);
	return { lines: sameButMeta(before, after) ? [] : [`${name} changed`], restarts: [] };
}

function announceConfig(name: string, before: KubeObject, after: KubeObject): Announced {
	const pairs = (object: KubeObject): Record<string, unknown> => ({
		...(object.data as object | undefined),
		...(object.binaryData as object | undefined),
	});
	const [old, now] = [pairs(before), pairs(after)];
	const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
		(key) => !sameJson(old[key], now[key]),
	);
	if (keys.length === 0) return { lines: [], restarts: [] };
	const what = keys.length > 5 ? `${keys.length} keys` : keys.join(', ');
	return { lines: [`${what} of ${name} changed: swapped in place, nothing restarts`], restarts: [] };
}

function announcePod(before: Pod, after: Pod): Announced {
	const all = [...(after.spec.initContainers ?? []), ...after.spec.containers].map(({ name }) => name);
	const apps = [
		...(after.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
		...after.spec.containers,
	].map(({ name }) => name);
	const sandbox = changedSandbox(before, after);
	if (sandbox.length > 0) {
		const line = `${sandbox.join(', ')} of pod/${after.metadata.name} changed: new sandbox, ${count(all.length)}, IP kept`;
		return { lines: [line], restarts: apps };
	}
	const context = (pod: Pod) => ({ ...pod.spec.securityContext, sysctls: undefined });
	if (!sameJson(context(before), context(after))) {
		const line = `securityContext of pod/${after.metadata.name} changed: ${count(apps.length)}, IP kept`;
		return { lines: [line], restarts: apps };
	}
	const lines: string[] = [];
	const restarts: string[] = [];
	for (const list of ['initContainers', 'containers'] as const) {
		const old = new Map((before.spec[list] ?? []).map((one) => [one.name, one as AnyContainer] as const));
		for (const container of after.spec[list] ?? []) {
			const init = list === 'initContainers' && container.restartPolicy !== 'Always';
			const said = announceContainer(old.get(container.name), container, init);
			old.delete(container.name);
			lines.push(...said.lines);
			if (said.restarts && !init) restarts.push(container.name);
		}
		for (const name of old.keys()) lines.push(`container ${name} is removed, IP kept`);
	}
	lines.push(...announceRest(before, after));
	return { lines, restarts };
}

function announceContainer(
	before: AnyContainer | undefined,
	after: AnyContainer,
	init: boolean,
): { lines: string[]; restarts: boolean } {
	const { name } = after;
	if (before === undefined) {
		return {
			lines: [init ? `init container ${name} is added and runs` : `container ${name} is added, IP kept`],
			restarts: !init,
		};
	}
	const changed = changedFields(before, after);
	const built = changed.filter((field) => !LIVE_FIELDS.has(field));
	if (changed.length === 0) return { lines: [], restarts: false };
	if (built.length === 0) {
		return { lines: [`${changed.join(', ')} of ${name} changed: nothing restarts`], restarts: false };
	}
	const what = `${built.join(', ')} of ${name} changed`;
	if (init) return { lines: [`${what}: init container ${name} runs again, the others stay`], restarts: true };
	return { lines: [`${what}: ${count(1)}, IP kept`], restarts: true };
}

function announceRest(before: Pod, after: Pod): string[] {
	const lines: string[] = [];
	const known = new Set<string>([
		...SANDBOX,
		'containers',
		'initContainers',
		'volumes',
		'securityContext',
		'nodeName',
	]);
	const other = changedFields(before.spec, after.spec).filter((field) => !known.has(field));
	const volumes = !sameJson(before.spec.volumes ?? [], after.spec.volumes ?? []);
	if (volumes) other.push('volumes');
	const shown = (pod: Pod, field: 'labels' | 'annotations') =>
		Object.fromEntries(
			Object.entries(pod.metadata[field] ?? {}).filter(
				([key]) => ![LAST_APPLIED, WATCH, BUILD].includes(key),
			),
		);
	for (const field of ['labels', 'annotations'] as const) {
		if (!sameJson(shown(before, field), shown(after, field))) other.push(field);
	}
	if (other.length > 0) {
		lines.push(`${other.join(', ')} of pod/${after.metadata.name} changed: nothing restarts`);
	}
	const rules = [WATCH, BUILD].some(
		(key) => before.metadata.annotations?.[key] !== after.metadata.annotations?.[key],
	);
	if (rules) lines.push(`rules of pod/${after.metadata.name} changed: watching by the new ones`);
	return lines;
}

function changedSandbox(before: Pod, after: Pod): string[] {
	const value = (pod: Pod, field: (typeof SANDBOX)[number]) => pod.spec[field] || undefined;
	const changed: string[] = SANDBOX.filter(
		(field) => !sameJson(value(before, field) ?? null, value(after, field) ?? null),
	);
	const sysctls = (pod: Pod) => pod.spec.securityContext?.sysctls ?? [];
	if (!sameJson(sysctls(before), sysctls(after))) changed.push('sysctls');
	if (!sameJson(publishedPorts(before.spec), publishedPorts(after.spec))) changed.push('host ports');
	const volumes = (pod: Pod) => (pod.spec.volumes ?? []).map(volumeIdentity);
	if (!sameJson(volumes(before), volumes(after))) changed.push('volumes');
	return changed;
}

function changedFields(before: object, after: object): string[] {
	const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
	const fields = [...new Set([...Object.keys(old), ...Object.keys(now)])];
	return fields.filter((field) => !sameJson(old[field] ?? null, now[field] ?? null));
}

function sameButMeta(before: KubeObject, after: KubeObject): boolean {
	return sameJson(
		{ ...before, metadata: undefined, status: undefined },
		{ ...after, metadata: undefined, status: undefined },
	);
}

function count(containers: number): string {
	return containers === 1 ? '1 container restarts' : `${containers} containers restart`;
}
