/**
 * What a Pod relies on here that a cluster would treat differently: the points in which profile local is more
 * helpful than a kubelet. `validate` asks for them; nothing of it hinders a start.
 */
import { parseImageRef } from '../api/image-ref.ts';
import type { KubeObject, PodSpec } from '../api/types.ts';
import { isPod } from './kinds.ts';
import type { FieldWarning } from './validate/pod-warnings.ts';

const OWN_ANNOTATIONS = ['podrun.dev/build', 'podrun.dev/watch'];

/** In the order of the fields; nothing for what is no Pod. */
export function portabilityNotes(object: KubeObject): FieldWarning[] {
	if (!isPod(object) || !object.spec) return [];
	const found: FieldWarning[] = [];
	const note = (path: string, message: string): void => {
		found.push({ path, message: `${path}: ${message}` });
	};
	for (const key of OWN_ANNOTATIONS) {
		if (object.metadata.annotations?.[key] === undefined) continue;
		note(
			`metadata.annotations[${key}]`,
			'only podrun acts on this annotation; a cluster needs the finished images',
		);
	}
	const { spec } = object;
	const count = (spec.containers ?? []).length + (spec.initContainers ?? []).filter(isSidecar).length;
	if (spec.shareProcessNamespace === undefined && count > 1 && !spec.hostPID) {
		note(
			'spec.shareProcessNamespace',
			"is not set: in profile local the containers see each other's processes, on a cluster each sees only its own; say true or false",
		);
	}
	imageNotes(spec, note);
	for (const [index, volume] of (spec.volumes ?? []).entries()) {
		if (volume.hostPath)
			note(
				`spec.volumes[${index}].hostPath`,
				'on a cluster this is a path of whichever node the Pod lands on',
			);
	}
	return found;
}

function isSidecar(container: { restartPolicy?: string }): boolean {
	return container.restartPolicy === 'Always';
}

function imageNotes(spec: PodSpec, note: (path: string, message: string) => void): void {
	for (const list of ['initContainers', 'containers'] as const) {
		for (const [index, { image = '', imagePullPolicy }] of (spec[list] ?? []).entries()) {
			if (imagePullPolicy !== undefined || parseImageRef(image)?.tag !== 'latest') continue;
			note(
				`spec.${list}[${index}].image`,
				`${image} is latest and has no imagePullPolicy: a cluster pulls it at every start and fails where no registry has it; in profile local the local image serves then`,
			);
		}
	}
}
