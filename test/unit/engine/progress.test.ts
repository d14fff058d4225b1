/** Pulls and builds: progress lines, and the failures that come among them after HTTP 200. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { messages, pullProgress } from '../../../src/engine/progress.ts';

async function read(...chunks: string[]): Promise<unknown[]> {
	const list: unknown[] = [];
	for await (const message of messages(Readable.from(chunks.map((c) => Buffer.from(c))))) list.push(message);
	return list;
}

describe('messages', () => {
	it('reads lines however they are cut', async () => {
		expect(await read('{"status":"Pull', 'ing"}\r\n{"status":"Done"}\r\n')).toEqual([
			{ status: 'Pulling' },
			{ status: 'Done' },
		]);
	});

	it.each([
		['manifest for x:1 not found: manifest unknown', 'IMAGE_NOT_FOUND'],
		['unauthorized: authentication required', 'UNAUTHORIZED'],
		['dial tcp 127.0.0.1:1: connect: connection refused', 'REGISTRY_UNREACHABLE'],
		['no space left on device', 'UNKNOWN'],
	])('throws an error among them: %s', async (error, code) => {
		const reading = read(
			'{"status":"Pulling"}\n',
			`${JSON.stringify({ errorDetail: { message: error }, error })}\n`,
		);
		await expect(reading).rejects.toMatchObject({ code, message: error });
	});

	it('throws for a line that is no JSON', async () => {
		await expect(read('<html>proxy</html>\n')).rejects.toMatchObject({ code: 'UNKNOWN' });
	});
});

describe('pullProgress', () => {
	it('is about layers only', () => {
		const detail = { current: 1, total: 5 };
		expect(pullProgress({ id: 'abc', status: 'Downloading', progressDetail: detail })).toEqual({
			layer: 'abc',
			status: 'Downloading',
			current: 1,
			total: 5,
		});
		expect(
			pullProgress({ id: 'abc', status: 'Extracting', progressDetail: { current: 1, total: -1 } }),
		).toEqual({
			layer: 'abc',
			status: 'Extracting',
			current: 1,
		});
		expect(pullProgress({ id: '1.22', status: 'Pulling from library/nginx' })).toBeUndefined();
		expect(pullProgress({ status: 'Digest: sha256:…' })).toBeUndefined();
	});
});
