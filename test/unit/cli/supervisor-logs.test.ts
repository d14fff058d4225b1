/** `podrun supervisor logs`: both files of the log, as one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Io } from '../../../src/cli/io.ts';
import { runCli } from '../../../src/cli/run.ts';
import { supervisorPaths } from '../../../src/client/connect.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
let log: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-cli-'));
	env = { HOME: folder, PODRUN_STATE_HOME: folder, DOCKER_HOST: 'unix:///nowhere.sock' };
	log = supervisorPaths({ env }).log;
	mkdirSync(dirname(log), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function logs(...args: string[]): Promise<{ code: number; out: string; err: string }> {
	const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
	const io: Io = { ...streams, env, cwd: folder, onSignal: () => () => {} };
	const code = await runCli(['supervisor', 'logs', ...args], io);
	const text = (stream: PassThrough) => stream.read()?.toString('utf8') ?? '';
	return { code, out: text(streams.stdout), err: text(streams.stderr) };
}

test('the file before and the present one, oldest first', async () => {
	writeFileSync(`${log}.1`, '{"n":1}\n{"n":2}\n');
	writeFileSync(log, '{"n":3}\n');
	expect(await logs()).toEqual({ code: 0, out: '{"n":1}\n{"n":2}\n{"n":3}\n', err: '' });
	expect((await logs('--tail=2')).out).toBe('{"n":2}\n{"n":3}\n');
	rmSync(log);
	expect((await logs('--tail', '1')).out).toBe('{"n":2}\n');
});

test('says that there is none, and what is no number', async () => {
	expect(await logs()).toMatchObject({ code: 1, err: expect.stringContaining('no supervisor log yet') });
	expect(await logs('--tail=x')).toMatchObject({ code: 2, err: expect.stringContaining('no whole number') });
});
