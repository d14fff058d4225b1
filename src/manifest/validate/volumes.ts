/** Rules for a Pod's volumes: one source each, and what each source demands. */
import { tryParseQuantity } from '../../api/quantity.ts';
import type { KeyToPath, Profile, Volume } from '../../api/types.ts';
import { checkClaimSpec } from './claims.ts';
import { checkFieldRef, checkResourceFieldRef, VOLUME_FIELDS } from './downward.ts';
import type { FieldErrors } from './field-errors.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { checkMode, checkNoBacksteps, checkNonReserved } from './paths.ts';
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
	if (!first) return errors.required(path, 'must specify a volume type');
	for (const source of more) errors.forbidden(`${path}.${source}`, 'may not specify more than 1 volume type');
	const at = `${path}.${first}`;
	switch (first) {
		case 'emptyDir':
			return checkEmptyDir(errors, at, volume.emptyDir ?? {});
		case 'hostPath':
			return volume.hostPath && checkHostPath(errors, at, volume.hostPath, profile);
		case 'secret':
			return volume.secret && checkSecret(errors, at, volume.secret);
		case 'configMap':
			return volume.configMap && checkConfigMap(errors, at, volume.configMap);
		case 'downwardAPI':
			return volume.downwardAPI && checkDownward(errors, at, volume.downwardAPI);
		case 'projected':
			return volume.projected && checkProjected(errors, at, volume.projected);
		case 'persistentVolumeClaim':
			if (!volume.persistentVolumeClaim?.claimName) errors.required(`${at}.claimName`);
			return;
		case 'nfs':
			return volume.nfs && checkNfs(errors, at, volume.nfs);
		case 'image':
			return volume.image && checkImage(errors, at, volume.image);
		case 'ephemeral':
			return volume.ephemeral && checkEphemeral(errors, at, volume.ephemeral, volume.name, podName);
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
	if (!source.path) return errors.required(`${path}.path`);
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

/** Keys of a ConfigMap or Secret that become files. */
export function checkItems(errors: FieldErrors, path: string, items: readonly KeyToPath[] | undefined): void {
	for (const [index, item] of (items ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (!item.key) errors.required(`${at}.key`);
		if (!item.path) errors.required(`${at}.path`);
		else checkNonReserved(errors, `${at}.path`, item.path);
		checkMode(errors, `${at}.mode`, item.mode);
	}
}

function checkDownward(errors: FieldErrors, path: string, source: Source<'downwardAPI'>): void {
	checkMode(errors, `${path}.defaultMode`, source.defaultMode);
	for (const [index, file] of (source.items ?? []).entries())
		checkDownwardFile(errors, `${path}.items[${index}]`, file);
}

type DownwardFile = NonNullable<Source<'downwardAPI'>['items']>[number];

/** One file of the downward API, in a volume of its own or in a projected one. */
export function checkDownwardFile(errors: FieldErrors, path: string, file: DownwardFile): void {
	if (!file.path) errors.required(`${path}.path`);
	else checkNonReserved(errors, `${path}.path`, file.path);
	if (file.fieldRef) {
		checkFieldRef(errors, `${path}.fieldRef`, file.fieldRef, VOLUME_FIELDS);
		if (file.resourceFieldRef) {
			errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
		}
	} else if (file.resourceFieldRef)
		checkResourceFieldRef(errors, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
	else errors.required(path, 'one of fieldRef and resourceFieldRef is required');
	checkMode(errors, `${path}.mode`, file.mode);
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
	if (!template) return errors.required(`${path}.volumeClaimTemplate`);
	checkClaimSpec(errors, `${path}.volumeClaimTemplate.spec`, template.spec);
	if (!podName || !name) return;
	const claim = `${podName}-${name}`;
	const volumePath = path.replace(/\.ephemeral$/, '');
	for (const problem of dnsSubdomain(claim))
		errors.invalid(`${volumePath}.name`, name, `PVC name "${claim}": ${problem}`);
}
