/**
 * The three-way merge of `apply`: what the manifest says now, what it said at the last apply (so that what was
 * taken out of it vanishes), and what lives. Lists with merge keys are merged item by item, as the strategic
 * merge of Kubernetes does. Pure.
 */
import { sameJson } from '../api/object.ts';
import type { KubeObject } from '../api/types.ts';
import { sorted } from './output/serialize.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Merge keys of the lists that have one, by the name of the field that holds the list. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
	containers: 'name',
	initContainers: 'name',
	ephemeralContainers: 'name',
	env: 'name',
	ports: 'containerPort',
	volumeMounts: 'mountPath',
	volumeDevices: 'devicePath',
	volumes: 'name',
	imagePullSecrets: 'name',
	hostAliases: 'ip',
	topologySpreadConstraints: 'topologyKey',
	resourceClaims: 'name',
	ownerReferences: 'uid',
};

/** The object as the annotation keeps it: sorted keys, one line, without the annotation itself. */
function lastAppliedText(manifest: KubeObject): string {
	const { [LAST_APPLIED]: _, ...annotations } = manifest.metadata.annotations ?? {};
	const { status: __, ...rest } = manifest;
	return `${JSON.stringify(sorted({ ...rest, metadata: { ...manifest.metadata, annotations } }))}\n`;
}

/** The manifest's object with the annotation in it, as `apply` creates it. */
export function withLastApplied(manifest: KubeObject): KubeObject {
	return {
		...manifest,
		metadata: {
			...manifest.metadata,
			annotations: { ...manifest.metadata.annotations, [LAST_APPLIED]: lastAppliedText(manifest) },
		},
	};
}

export interface Merged {
	readonly object: KubeObject;
	readonly changed: boolean;
}

/** What a server writes into metadata. */
const SERVERS_OWN = [
	'creationTimestamp',
	'deletionGracePeriodSeconds',
	'deletionTimestamp',
	'generation',
	'managedFields',
	'resourceVersion',
	'selfLink',
	'uid',
] as const;

/**
 * A manifest without what a server wrote into it elsewhere: in a cluster, or into an object that is gone. Another
 * object's uid would be a precondition that this one never meets, and with another node's name a Pod would count as
 * placed and pass admission unseen. The dump of `live` itself stays as it is.
 */
export function withoutOrigin(manifest: KubeObject, live?: KubeObject): KubeObject {
	const { uid } = manifest.metadata;
	const metadata = { ...manifest.metadata };
	if (uid !== undefined && uid !== live?.metadata.uid)
		for (const field of SERVERS_OWN) delete metadata[field];
	const { spec } = manifest;
	if (manifest.kind !== 'Pod' || !isRecord(spec)) return { ...manifest, metadata };
	const node = isRecord(live?.spec) ? live.spec.nodeName : undefined;
	const { nodeName: _, ...placed } = spec;
	return { ...manifest, metadata, spec: spec.nodeName === node ? spec : placed };
}

/** What has to be written so that `live` becomes what the manifest says. */
export function threeWayMerge(given: KubeObject, live: KubeObject): Merged {
	const manifest = withoutOrigin(given, live);
	const before = live.metadata.annotations?.[LAST_APPLIED];
	const wanted = foldStringData(withLastApplied(manifest));
	const lastApplied = before === undefined ? {} : readObject(before);
	const merged = mergeRecord(lastApplied, wanted as Record_, live as Record_) as KubeObject;
	const object = { ...merged, metadata: { ...merged.metadata, resourceVersion: undefined } } as KubeObject;
	// What `get -o yaml` gave is the object itself: remembering it as a manifest would be its only change.
	const itself = manifest.metadata.uid !== undefined && manifest.metadata.uid === live.metadata.uid;
	return { object, changed: !sameJson(comparable(merged, itself), comparable(live, itself)) };
}

/** What counts as a change: not the status, nor the revision that a copy was taken at. */
function comparable(object: KubeObject, withoutMemory: boolean): unknown {
	const { resourceVersion: _, ...metadata } = object.metadata;
	const { [LAST_APPLIED]: __, ...annotations } = metadata.annotations ?? {};
	const told = withoutMemory ? { ...metadata, annotations } : metadata;
	return { ...object, status: undefined, metadata: withoutEmpty(told) };
}

/** A Secret's stringData is write-only: what lives has it as data, so compare it as data. */
function foldStringData(object: KubeObject): KubeObject {
	const { stringData, ...rest } = object;
	if (object.kind !== 'Secret' || !isRecord(stringData)) {
		return object;
	}
	const encoded = Object.entries(stringData).map(([key, value]) => [
		key,
		Buffer.from(String(value)).toString('base64'),
	]);
	return { ...rest, data: { ...(isRecord(object.data) ? object.data : {}), ...Object.fromEntries(encoded) } };
}

type Record_ = Readonly<Record<string, unknown>>;

function withoutEmpty(metadata: Omit<KubeObject['metadata'], 'resourceVersion'>): unknown {
	return Object.fromEntries(
		Object.entries(metadata).filter(([, value]) => !isRecord(value) || Object.keys(value).length > 0),
	);
}

function readObject(text: string): Record_ {
	try {
		const value: unknown = JSON.parse(text);
		return isRecord(value) ? value : {};
	} catch {
		return {};
	}
}

function mergeRecord(last: Record_, wanted: Record_, live: Record_): Record_ {
	const merged: Record<string, unknown> = { ...live };
	for (const key of Object.keys(last)) {
		if (!Object.hasOwn(wanted, key) || wanted[key] === null) {
			delete merged[key];
		}
	}
	for (const [key, value] of Object.entries(wanted)) {
		if (value === undefined || value === null) {
			continue;
		}
		merged[key] = mergeValue(key, last[key], value, live[key]);
	}
	return merged;
}

function mergeValue(field: string, last: unknown, wanted: unknown, live: unknown): unknown {
	if (isRecord(wanted) && isRecord(live)) {
		return mergeRecord(isRecord(last) ? last : {}, wanted, live);
	}
	const key = MERGE_KEYS[field];
	if (key && Array.isArray(wanted) && Array.isArray(live)) {
		const items = wanted.every((item) => isRecord(item) && item[key] !== undefined);
		if (items) {
			return mergeList(key, Array.isArray(last) ? last : [], wanted as Record_[], live);
		}
	}
	return wanted;
}

/** In the manifest's order; what only lives and was never applied stays at the end. */
function mergeList(
	key: string,
	last: readonly unknown[],
	wanted: readonly Record_[],
	live: readonly unknown[],
) {
	// Two ports may share a number under different protocols, so the protocol is a part of that key.
	const identity = (item: Record_) =>
		key === 'containerPort' ? `${item[key]}/${item.protocol ?? 'TCP'}` : String(item[key]);
	const byKey = (list: readonly unknown[]) =>
		new Map(list.filter(isRecord).map((item) => [identity(item), item] as const));
	const [lastItems, wantedItems, liveItems] = [byKey(last), byKey(wanted), byKey(live)];
	const merged = wanted.map((item) => {
		const living = liveItems.get(identity(item));
		return living ? mergeRecord(lastItems.get(identity(item)) ?? {}, item, living) : item;
	});
	const others = [...liveItems].filter(([id]) => !wantedItems.has(id) && !lastItems.has(id));
	return [...merged, ...others.map(([, item]) => item)];
}

function isRecord(value: unknown): value is Record_ {
	return value !== null && typeof value === 'object' && !Array.isArray(value);
}
