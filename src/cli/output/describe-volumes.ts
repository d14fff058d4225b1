/** The volumes of a pod in the layout of `kubectl describe pod`. Pure. */
import type { Pod, Volume } from '../../api/types.ts';

/** The lines of a pod's volumes, each with its source. */
export function describeVolumes(pod: Pod): string[] {
	const volumes = pod.spec.volumes ?? [];
	if (volumes.length === 0) {
		return ['Volumes:         <none>'];
	}
	return ['Volumes:', ...volumes.flatMap((volume) => [`  ${volume.name}:`, ...fields(volume)])];
}

function fields(volume: Volume): string[] {
	const line = (name: string, value: string) => `    ${`${name}:`.padEnd(12)}${value}`.trimEnd();
	if (volume.emptyDir) {
		return [
			line('Type', "EmptyDir (a temporary directory that shares a pod's lifetime)"),
			line('Medium', volume.emptyDir.medium ?? ''),
			line(
				'SizeLimit',
				volume.emptyDir.sizeLimit === undefined ? '<unset>' : String(volume.emptyDir.sizeLimit),
			),
		];
	}
	if (volume.hostPath) {
		return [
			line('Type', 'HostPath (bare host directory volume)'),
			line('Path', volume.hostPath.path),
			`    HostPathType:  ${volume.hostPath.type ?? ''}`.trimEnd(),
		];
	}
	if (volume.configMap) {
		return [
			line('Type', 'ConfigMap (a volume populated by a ConfigMap)'),
			line('Name', volume.configMap.name ?? ''),
			line('Optional', String(Boolean(volume.configMap.optional))),
		];
	}
	if (volume.secret) {
		return [
			line('Type', 'Secret (a volume populated by a Secret)'),
			line('SecretName', volume.secret.secretName ?? ''),
			line('Optional', String(Boolean(volume.secret.optional))),
		];
	}
	if (volume.persistentVolumeClaim) {
		return [
			line('Type', 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)'),
			line('ClaimName', volume.persistentVolumeClaim.claimName),
			line('ReadOnly', String(Boolean(volume.persistentVolumeClaim.readOnly))),
		];
	}
	if (volume.projected) {
		return [line('Type', 'Projected (a volume that contains injected data from multiple sources)')];
	}
	if (volume.downwardAPI) {
		return [line('Type', 'DownwardAPI (a volume populated by information about the pod)')];
	}
	if (volume.image) {
		return [
			line('Type', 'Image (a container image or OCI artifact)'),
			line('Reference', volume.image.reference ?? ''),
		];
	}
	const type = Object.keys(volume).find((key) => key !== 'name');
	return [line('Type', type ?? '<unknown>')];
}
