/** Rules for where a container sees the Pod's volumes: volumeMounts and volumeDevices. */
import type { AnyContainer, Volume, VolumeMount } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkDescending } from './paths.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

/** Each mount names a volume of the pod, and no two have one path. `volumes`: the pod's, by name. */
export function checkMounts(
	errors: FieldErrors,
	path: string,
	container: AnyContainer,
	volumes: ReadonlyMap<string, Volume>,
): void {
	const devices = new Map((container.volumeDevices ?? []).map((device) => [device.name, device.devicePath]));
	const devicePaths = new Set(devices.values());
	const taken = new Set<string>();
	for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
		const at = `${path}.volumeMounts[${index}]`;
		if (!mount.name) errors.required(`${at}.name`);
		else if (!volumes.has(mount.name)) errors.notFound(`${at}.name`, mount.name);
		if (!mount.mountPath) errors.required(`${at}.mountPath`);
		else if (taken.has(mount.mountPath)) errors.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
		taken.add(mount.mountPath);
		if (mount.mountPath?.includes(':'))
			errors.invalid(`${at}.mountPath`, mount.mountPath, "must not contain ':'");
		if (devices.has(mount.name))
			errors.invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices');
		if (devicePaths.has(mount.mountPath)) {
			errors.invalid(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices');
		}
		checkSubPath(errors, at, mount);
		checkPropagation(errors, at, mount, container);
		checkRecursive(errors, at, mount);
	}
	checkDevices(errors, path, container, volumes);
}

function checkSubPath(errors: FieldErrors, path: string, mount: VolumeMount): void {
	if (mount.subPath) checkDescending(errors, `${path}.subPath`, mount.subPath);
	if (!mount.subPathExpr) return;
	if (mount.subPath)
		errors.invalid(
			`${path}.subPathExpr`,
			mount.subPathExpr,
			'subPathExpr and subPath are mutually exclusive',
		);
	checkDescending(errors, `${path}.subPathExpr`, mount.subPathExpr);
}

function checkPropagation(
	errors: FieldErrors,
	path: string,
	mount: VolumeMount,
	container: AnyContainer,
): void {
	const mode: string | undefined = mount.mountPropagation;
	if (mode === undefined) return;
	if (!PROPAGATIONS.includes(mode)) errors.unsupported(`${path}.mountPropagation`, mode, PROPAGATIONS);
	if (mode === 'Bidirectional' && container.securityContext?.privileged !== true) {
		errors.forbidden(
			`${path}.mountPropagation`,
			'Bidirectional mount propagation is available only to privileged containers',
		);
	}
}

function checkRecursive(errors: FieldErrors, path: string, mount: VolumeMount): void {
	const mode: string | undefined = mount.recursiveReadOnly;
	const at = `${path}.recursiveReadOnly`;
	if (mode === undefined || mode === 'Disabled') return;
	if (!RECURSIVE.includes(mode)) {
		errors.unsupported(at, mode, RECURSIVE);
		return;
	}
	if (!mount.readOnly) errors.forbidden(at, 'may only be specified when readOnly is true');
	if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
		errors.forbidden(at, 'may only be specified when mountPropagation is None or not specified');
	}
}

function checkDevices(
	errors: FieldErrors,
	path: string,
	container: AnyContainer,
	volumes: ReadonlyMap<string, Volume>,
): void {
	const mounts = new Map((container.volumeMounts ?? []).map((mount) => [mount.name, mount.mountPath]));
	const mountPaths = new Set(mounts.values());
	const names = new Set<string>();
	const paths = new Set<string>();
	for (const [index, device] of (container.volumeDevices ?? []).entries()) {
		const at = `${path}.volumeDevices[${index}]`;
		const volume = volumes.get(device.name);
		if (!device.name) errors.required(`${at}.name`);
		else if (!volume) errors.notFound(`${at}.name`, device.name);
		else if (names.has(device.name)) errors.invalid(`${at}.name`, device.name, 'must be unique');
		if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
			const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
			errors.invalid(`${at}.name`, device.name, why);
		}
		if (!device.devicePath) errors.required(`${at}.devicePath`);
		else if (paths.has(device.devicePath))
			errors.invalid(`${at}.devicePath`, device.devicePath, 'must be unique');
		if (device.devicePath?.split('/').includes('..')) {
			errors.invalid(`${at}.devicePath`, device.devicePath, "can not contain backsteps ('..')");
		}
		if (mounts.has(device.name))
			errors.invalid(`${at}.name`, device.name, 'must not already exist in volumeMounts');
		if (mountPaths.has(device.devicePath)) {
			errors.invalid(
				`${at}.devicePath`,
				device.devicePath,
				'must not already exist as a path in volumeMounts',
			);
		}
		names.add(device.name);
		paths.add(device.devicePath);
	}
}
