/** What BuildKit tells about a build, from its wire format to lines. */
import { describe, expect, test } from 'vitest';
import { fields, texts } from '../../../../src/engine/buildkit/protobuf.ts';
import { BuildStatus } from '../../../../src/engine/buildkit/status.ts';

/** A StatusResponse with messages in these fields, as the engine sends it. */
const response = (...messages: [number, Buffer][]): string =>
	Buffer.concat(
		messages.map(([number, message]) =>
			Buffer.concat([Buffer.from([number * 8 + 2, message.length]), message]),
		),
	).toString('base64');
const [STEP, LOG] = [1, 3];
const started: [number, string] = [5, ''];
const step = (digest: string, name: string, ...more: [number, string][]) =>
	texts([1, digest], [3, name], ...more);
const cached = Buffer.from([4 * 8, 1]);

describe('status of a build', () => {
	test('a step is told once, when it begins; what it prints as it comes', () => {
		const status = new BuildStatus();
		const name = '[2/3] RUN make';
		expect(status.take(response([STEP, step('sha256:a', name)]))).toEqual([]);
		expect(status.take(response([STEP, step('sha256:a', name, started)]))).toEqual([`${name}\n`]);
		expect(
			status.take(response([STEP, step('sha256:a', name, started, [6, ''])], [LOG, texts([4, 'made\n'])])),
		).toEqual(['made\n']);
	});

	test('what was built before is told to be in the cache, what fails with its error, and nothing of its own chores', () => {
		const status = new BuildStatus();
		expect(
			status.take(
				response(
					[STEP, Buffer.concat([step('sha256:a', '[1/3] FROM busybox', started), cached])],
					[STEP, step('sha256:b', '[internal] load build definition', started)],
					[STEP, step('sha256:c', '[2/3] RUN false', started, [7, 'exit code: 1'])],
				),
			),
		).toEqual(['[1/3] FROM busybox: in the cache\n', '[2/3] RUN false\n', '[2/3] RUN false: exit code: 1\n']);
	});

	test('a message that is cut off is none', () => {
		expect(() => new BuildStatus().take(Buffer.from([0x0a, 9, 1]).toString('base64'))).toThrow(RangeError);
		expect(() => [...fields(Buffer.from([0x80]))]).toThrow(RangeError);
	});

	test('texts of any length, and numbers of all kinds', () => {
		const long = 'ö'.repeat(300);
		const message = Buffer.concat([
			Buffer.from([8, 0xac, 2, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0x1d, 0, 0, 0, 0]),
			texts([4, long]),
		]);
		expect([...fields(message)].map(({ number, value, bytes }) => [number, value, bytes.length])).toEqual([
			[1, 300, 0],
			[2, 0, 8],
			[3, 0, 4],
			[4, 0, 600],
		]);
	});
});
