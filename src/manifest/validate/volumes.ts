/** Rules for a Pod's volumes: one source each, and what each source demands. */
import { tryParseQuantity } from '../../api/quantity.ts';
import type { Profile, Volume } from '../../api/types.ts';
import { checkClaimSpec } from './claims.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkDownwardFile, checkItems } from './files.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { checkMode, checkNoBacksteps } from './paths.ts';
import { checkProjected } from './projected.ts';

type Source<K extends keyof Volume> = NonNullable<Volume[K]>;

const HOST_PATH_TYPES = [
	'',
	'BlockDevice',
	'CharDevice',
	'Directory',
	'DirectoryOrCreate',
	'File',
	'FileOrCreate',
	'Socket',
];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** In the order in which Kubernetes looks at them; the second source that is found is the one too many. */
const SOURCES = [
	'emptyDir',
	'hostPath',
	'gitRepo',
	'gcePersistentDisk',
	'awsElasticBlockStore',
	'secret',
	'nfs',
	'iscsi',
	'glusterfs',
	'flocker',
	'persistentVolumeClaim',
	'rbd',
	'cinder',
	'cephfs',
	'quobyte',
	'downwardAPI',
	'fc',
	'flexVolume',
	'configMap',
	'azureFile',
	'vsphereVolume',
	'photonPersistentDisk',
	'portworxVolume',
	'azureDisk',
	'storageos',
	'projected',
	'scaleIO',
	'csi',
	'ephemeral',
	'image',
] as const satisfies readonly (keyof Volume)[];

/** Checks all volumes, and gives those whose mounts can be looked up. */
export function checkVolumes(
	errors: FieldErrors,
	path: string,
	volumes: readonly Volume[],
	podName: string | undefined,
	profile: Profile,
): ReadonlyMap<string, Volume> {
	const known = new Map<string, Volume>();
	const created = new Set<string>();
	for (const volume of volumes) if (volume.ephemeral && podName) created.add(`${podName}-${volume.name}`);
	for (const [index, volume] of volumes.entries()) {
		const at = `${path}[${index}]`;
		if (!volume.name) errors.required(`${at}.name`);
		else if (known.has(volume.name)) errors.duplicate(`${at}.name`, volume.name);
		else errors.invalidAll(`${at}.name`, volume.name, dnsLabel(volume.name));
		checkSources(errors, at, volume, podName, profile);
		// Also a volume with faults is known by its name: a mount of it is not a second fault.
		if (volume.name && !known.has(volume.name)) known.set(volume.name, volume);
		const claim = volume.persistentVolumeClaim?.claimName;
		if (claim && created.has(claim)) {
			errors.invalid(
				`${at}.persistentVolumeClaim.claimName`,
				claim,
				'must not reference a PVC that gets created for an ephemeral volume',
			);
		}
	}
	return known;
}

function checkSources(
	errors: FieldErrors,
	path: string,
	volume: Volume,
	podName: string | undefined,
	profile: Profile,
): void {
	const [first, ...more] = SOURCES.filter((source) => volume[source] !== undefined);
	if (!first) {
		errors.required(path, 'must specify a volume type');
		return;
	}
	for (const source of more) errors.forbidden(`${path}.${source}`, 'may not specify more than 1 volume type');
	const at = `${path}.${first}`;
	switch (first) {
		case 'emptyDir':
			checkEmptyDir(errors, at, volume.emptyDir ?? {});
			return;
		case 'hostPath':
			if (volume.hostPath) checkHostPath(errors, at, volume.hostPath, profile);
			return;
		case 'secret':
			if (volume.secret) checkSecret(errors, at, volume.secret);
			return;
		case 'configMap':
			if (volume.configMap) checkConfigMap(errors, at, volume.configMap);
			return;
		case 'downwardAPI':
			if (volume.downwardAPI) checkDownward(errors, at, volume.downwardAPI);
			return;
		case 'projected':
			if (volume.projected) checkProjected(errors, at, volume.projected);
			return;
		case 'persistentVolumeClaim':
			if (!volume.persistentVolumeClaim?.claimName) errors.required(`${at}.claimName`);
			return;
		case 'nfs':
			if (volume.nfs) checkNfs(errors, at, volume.nfs);
			return;
		case 'image':
			if (volume.image) checkImage(errors, at, volume.image);
			return;
		case 'ephemeral':
			if (volume.ephemeral) checkEphemeral(errors, at, volume.ephemeral, volume.name, podName);
			return;
		default:
			// The other kinds are refused as a whole, so what is inside does not matter (support.ts).
			return;
	}
}

function checkEmptyDir(errors: FieldErrors, path: string, source: Source<'emptyDir'>): void {
	const limit = tryParseQuantity(source.sizeLimit);
	if (limit && limit.nano < 0n)
		errors.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
	const medium: string = source.medium ?? '';
	if (!['', 'Memory'].includes(medium) && !/^HugePages(-\w+)?$/.test(medium)) {
		errors.unsupported(`${path}.medium`, medium, ['', 'HugePages', 'Memory']);
	}
}

function checkHostPath(
	errors: FieldErrors,
	path: string,
	source: Source<'hostPath'>,
	profile: Profile,
): void {
	if (!source.path) {
		errors.required(`${path}.path`);
		return;
	}
	const relative = !source.path.startsWith('/');
	if (relative && profile === 'kubernetes')
		errors.invalid(`${path}.path`, source.path, 'must be an absolute path');
	// A relative path may climb: it is resolved against the manifest's folder before anything is started.
	if (!relative || profile === 'kubernetes') checkNoBacksteps(errors, `${path}.path`, source.path);
	const type: string = source.type ?? '';
	if (!HOST_PATH_TYPES.includes(type)) errors.unsupported(`${path}.type`, type, HOST_PATH_TYPES);
}

function checkSecret(errors: FieldErrors, path: string, source: Source<'secret'>): void {
	if (!source.secretName) errors.required(`${path}.secretName`);
	checkMode(errors, `${path}.defaultMode`, source.defaultMode);
	checkItems(errors, `${path}.items`, source.items);
}

function checkConfigMap(errors: FieldErrors, path: string, source: Source<'configMap'>): void {
	if (!source.name) errors.required(`${path}.name`);
	checkMode(errors, `${path}.defaultMode`, source.defaultMode);
	checkItems(errors, `${path}.items`, source.items);
}

function checkDownward(errors: FieldErrors, path: string, source: Source<'downwardAPI'>): void {
	checkMode(errors, `${path}.defaultMode`, source.defaultMode);
	for (const [index, file] of (source.items ?? []).entries())
		checkDownwardFile(errors, `${path}.items[${index}]`, file);
}

function checkNfs(errors: FieldErrors, path: string, source: Source<'nfs'>): void {
	if (!source.server) errors.required(`${path}.server`);
	if (!source.path) errors.required(`${path}.path`);
	else if (!source.path.startsWith('/'))
		errors.invalid(`${path}.path`, source.path, 'must be an absolute path');
}

function checkImage(errors: FieldErrors, path: string, source: Source<'image'>): void {
	if (!source.reference) errors.required(`${path}.reference`);
	errors.oneOf(`${path}.pullPolicy`, source.pullPolicy, PULL_POLICIES, 'allowed');
}

function checkEphemeral(
	errors: FieldErrors,
	path: string,
	source: Source<'ephemeral'>,
	name: string,
	podName: string | undefined,
): void {
	const template = source.volumeClaimTemplate;
	if (!template) {
		errors.required(`${path}.volumeClaimTemplate`);
		return;
	}
	checkClaimSpec(errors, `${path}.volumeClaimTemplate.spec`, template.spec);
	if (!podName || !name) return;
	const claim = `${podName}-${name}`;
	const volumePath = path.replace(/\.ephemeral$/, '');
	for (const problem of dnsSubdomain(claim))
		errors.invalid(`${volumePath}.name`, name, `PVC name "${claim}": ${problem}`);
}
