/** Bodies of a sync as files for containers, and where in a pod they go. Pure. */
import { badRequest } from '../../api/errors.ts';
import { decodeSync, type SyncHeader } from '../../api/sync.ts';
import type { AnyContainer, Pod } from '../../api/types.ts';
import type { KnownContainer } from '../../engine/observe.ts';
import { allContainers } from '../../translate/volumes.ts';
import type { Parcel } from './deliver.ts';
import { placeOf } from './places.ts';

/** Throws ApiError 400 for a container that the pod does not have. */
export function containerOf(pod: Pod, name: string): AnyContainer {
	const found = allContainers(pod).find((container) => container.name === name);
	if (found === undefined) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
	return found;
}

/** The last attempt of a container. */
export function newest(known: readonly KnownContainer[], name: string): KnownContainer | undefined {
	return known
		.filter(({ observed }) => observed.name === name)
		.sort(
			(a, b) => b.observed.attempt - a.observed.attempt || b.observed.createdAt - a.observed.createdAt,
		)[0];
}

/** Throws ApiError 400 for a body that is none. */
export function readHeader(body: Buffer): SyncHeader {
	try {
		return decodeSync(body).header;
	} catch (error) {
		throw badRequest(`the files can't be read: ${(error as Error).message}`);
	}
}

/** The files of a body, by their paths in the container. */
export function parcelsOf(header: SyncHeader, body: Buffer): Parcel[] {
	let at = decodeSync(body).dataAt;
	return header.entries.map((entry) => {
		const content = body.subarray(at, at + entry.size);
		at += entry.size;
		return { path: entry.path, entry, content };
	});
}

/** Those that lie in volumes, by their paths in the pause, which mounts all of them. */
export function inPause(pod: Pod, container: AnyContainer, parcels: readonly Parcel[]): Parcel[] {
	return parcels.flatMap((parcel) => {
		const place = placeOf(pod, container, parcel.path);
		return place.type === 'volume' ? [{ ...parcel, path: place.path }] : [];
	});
}
