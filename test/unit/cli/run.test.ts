import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Io } from '../../../src/cli/io.ts';
import { runCli } from '../../../src/cli/run.ts';

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-cli-'));
	writeFileSync(
		join(folder, 'typo.yaml'),
		'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  contianers:\n  - {name: a, image: b}\n',
	);
	writeFileSync(
		join(folder, 'pod.yaml'),
		'apiVersion: v1\nkind: Pod\nmetadata: {name: fine}\nspec:\n  containers:\n  - {name: a, image: busybox:1.36}\n',
	);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command line that needs no engine. */
async function podrun(...args: string[]): Promise<{ code: number; out: string; err: string }> {
	const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
	const io: Io = { ...streams, env: {}, cwd: folder, onSignal: () => () => {} };
	const code = await runCli(args, io);
	const text = (stream: PassThrough) => stream.read()?.toString('utf8') ?? '';
	return { code, out: text(streams.stdout), err: text(streams.stderr) };
}

describe('exit codes', () => {
	test('0 for help, on stdout', async () => {
		expect(await podrun('--help')).toMatchObject({
			code: 0,
			out: expect.stringContaining('Usage: podrun'),
			err: '',
		});
		expect(await podrun()).toMatchObject({ code: 0, out: expect.stringContaining('Usage: podrun') });
	});

	test.each([
		[['bogus'], /unknown command 'bogus'/],
		[['up', '--bogus'], /unknown option '--bogus'/],
		[['get', 'gadgets'], /doesn't have a resource type "gadgets"/],
		[['get', 'pods', '-o', 'xml'], /unable to match a printer/],
		[['exec', 'web'], /at least one command/],
		[['apply'], /must specify -f/],
		[['wait', 'pod/x', '--for=nonsense'], /unrecognized condition/],
		[['logs', 'x', '--tail', 'many'], /--tail/],
		[['delete', 'pod'], /no name was specified/],
		[['up', '-f', 'pod.yaml', '--exit-code-from', 'zzz'], /no container "zzz"/],
	])('2 for wrong use: %j', async (args, why) => {
		const { code, out, err } = await podrun(...args);
		expect(err).toMatch(why);
		expect(err).not.toMatch(/\n\s+at /);
		expect({ code, out }).toEqual({ code: 2, out: '' });
	});

	test('1 for a manifest that is wrong, with its place', async () => {
		const { code, err } = await podrun('up', '-d', '-f', 'typo.yaml');
		expect(code).toBe(1);
		expect(err).toMatch(/typo\.yaml:5:3: error: .*contianers.*containers/);
		expect(err).toContain('5 |   contianers:');
	});

	test('1 for a file that is not there', async () => {
		const { code, err } = await podrun('apply', '-f', 'nowhere.yaml');
		expect(code).toBe(1);
		expect(err).toContain('nowhere.yaml');
		expect(err).not.toMatch(/\n\s+at /);
	});
});

describe('validate', () => {
	test('the manifest of the folder is the default', async () => {
		expect(await podrun('validate')).toMatchObject({ code: 0, out: 'pod/fine valid (pod.yaml)\n' });
	});

	test('-o json is for programs', async () => {
		const { code, out } = await podrun('validate', '-o', 'json', 'typo.yaml');
		expect(code).toBe(1);
		expect(JSON.parse(out)).toMatchObject({
			valid: false,
			diagnostics: [{ severity: 'error', line: 5, column: 3 }],
		});
	});
});

test('version', async () => {
	expect((await podrun('version')).out).toMatch(/^podrun \d+\.\d+\.\d+ /);
	expect(JSON.parse((await podrun('version', '-o', 'json')).out).podrun).toMatch(/^\d/);
});
