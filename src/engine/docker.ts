/**
 * The real engine: opened, asked what it speaks, and put together of its verbs, which stand in the folder docker.
 * No decisions here; what an answer means is told in shapes.ts and engine-errors.ts.
 */
import type { EngineAddress } from '../api/engine-address.ts';
import { atLeast } from './create-body.ts';
import { archiveVerbs } from './docker/archives.ts';
import { containerVerbs } from './docker/containers.ts';
import { imageVerbs } from './docker/images.ts';
import { networkVerbs } from './docker/networks.ts';
import { systemVerbs } from './docker/system.ts';
import { volumeVerbs } from './docker/volumes.ts';
import { type Engine, EngineError } from './engine.ts';
import { toEngineError } from './engine-errors.ts';
import { Transport } from './transport.ts';

/** The newest API that podrun was written against; older engines pin it lower. */
const NEWEST_API = '1.51';
/** Docker 20.10. */
export const OLDEST_API = '1.41';

/** A user waits for it, and has to be told what is the matter. */
const FIRST_ANSWER_MS = 20_000;

/**
 * Opens an engine: one call, which finds out whether it is there and what it speaks.
 * @throws EngineError UNREACHABLE with what was tried; BAD_REQUEST when it speaks no API that we know.
 */
export async function openEngine(address: EngineAddress): Promise<Engine> {
	const transport = new Transport(address);
	try {
		const version = await transport.json<{ ApiVersion?: string; MinAPIVersion?: string }>(
			{ method: 'GET', path: '/version' },
			FIRST_ANSWER_MS,
		);
		const apiVersion = negotiate(version, address.url);
		transport.pin(apiVersion);
		return {
			address: address.url,
			...systemVerbs(transport, apiVersion),
			...containerVerbs(transport, apiVersion),
			...archiveVerbs(transport),
			...imageVerbs(transport),
			...volumeVerbs(transport),
			...networkVerbs(transport),
		};
	} catch (error) {
		transport.close();
		const failure = toEngineError(error, address.url);
		if (failure.code !== 'UNREACHABLE') throw failure;
		throw new EngineError('UNREACHABLE', `${failure.message} (from ${address.source})`, { cause: error });
	}
}

/** min(engine's newest, ours). Throws when the two have no version in common. */
export function negotiate(version: { ApiVersion?: string; MinAPIVersion?: string }, url: string): string {
	const newest = version.ApiVersion ?? OLDEST_API;
	if (!atLeast(newest, OLDEST_API)) {
		throw new EngineError(
			'BAD_REQUEST',
			`the Docker engine at ${url} speaks API ${newest} at most; podrun needs ${OLDEST_API} (Docker 20.10) or newer`,
		);
	}
	const oldest = version.MinAPIVersion;
	if (oldest && !atLeast(NEWEST_API, oldest)) {
		throw new EngineError(
			'BAD_REQUEST',
			`the Docker engine at ${url} speaks API ${oldest} at least; this podrun knows ${NEWEST_API}: get a newer podrun`,
		);
	}
	return atLeast(newest, NEWEST_API) ? NEWEST_API : newest;
}
