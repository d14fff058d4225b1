/** Work that fails: what is refused, what comes again, and what people hear of it. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ApiError, UserError } from '../../../../src/api/errors.ts';
import type { Io } from '../../../../src/cli/io.ts';
import { Attempts } from '../../../../src/cli/watch/attempts.ts';
import { Teller } from '../../../../src/cli/watch/teller.ts';

function watch() {
	const stderr = new PassThrough().setEncoding('utf8');
	const stop = new AbortController();
	const attempts = new Attempts(new Teller({ stderr } as unknown as Io, 'plain'), stop.signal);
	const run = (error?: Error) =>
		attempts.run(async () => {
			if (error) throw error;
		});
	return { run, stop, said: () => (stderr.read() as string | null) ?? '' };
}

const away = () => new ApiError(503, 'ServiceUnavailable', 'no Docker engine');

test('an engine that is away is told once, and when it is back', async () => {
	const { run, said } = watch();
	expect(await run(away())).toBe('again');
	expect(await run(away())).toBe('again');
	expect(said()).toBe('       !  no Docker engine\n          what has changed waits until it goes on\n');
	expect(await run()).toBe('done');
	expect(said()).toBe('       ·  it goes on: nothing waits any more\n');
	expect(await run()).toBe('done');
	expect(said()).toBe('');
});

test('what is refused does not come again; a broken connection and a missing supervisor do', async () => {
	const { run, said } = watch();
	expect(await run(new ApiError(422, 'Invalid', 'the container refuses the files'))).toBe('refused');
	expect(said()).toBe('       !  the container refuses the files\n');
	expect(await run(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toBe('again');
	expect(await run(new UserError('SUPERVISOR', 'nobody answers'))).toBe('again');
});

test('bugs, and the end of the watch, go through', async () => {
	const { run, stop } = watch();
	await expect(run(new TypeError('a bug'))).rejects.toThrow('a bug');
	stop.abort();
	await expect(run(away())).rejects.toThrow('no Docker engine');
});
