/** The state folder full, read-only, or holding rubbish: told to who asks, nothing lost that was promised. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/api/types.ts';
import { createLog } from '../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts';
import { eventually } from '../support/eventually.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { printFault } from './report.ts';

const config = (name: string, bytes: number): KubeObject =>
	({
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: { name },
		data: { text: 'x'.repeat(bytes) },
	}) as KubeObject;

const pod = (name: string): KubeObject =>
	({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name },
		spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'busybox:1.36' }] },
	}) as unknown as KubeObject;

let folder: string;
let engine: FakeEngine;
let running: Supervisor | undefined;
const seen: (readonly [string, string])[] = [];

async function supervisor(): Promise<Supervisor> {
	running = await createSupervisor({
		engine,
		info: await engine.info(),
		instance: 'disk',
		stateFolder: folder,
		env: { PODRUN_REACH: 'infra' },
		log: createLog(() => undefined),
	});
	await running.start();
	return running;
}

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-disk-'));
	engine = new FakeEngine({ info: { local: false } });
});

afterEach(async () => {
	await running?.stop();
	running = undefined;
	rmSync(folder, { recursive: true, force: true });
});

afterAll(() => {
	for (const [fault, what] of seen) printFault(fault, what);
});

describe('a disk of 64 KiB', () => {
	beforeEach(() => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', folder]));
	afterEach(() => execFileSync('umount', ['-l', folder]));

	test('what does not fit is refused, what was there stays, and the pods go on', async () => {
		const { backend } = await supervisor();
		await backend.create('Pod', pod('before'));
		const refusal = await backend.create('ConfigMap', config('big', 100_000)).catch((error: Error) => error);
		expect(refusal).toMatchObject({ status: { code: 500 } });
		expect((refusal as Error).message).toMatch(
			/configmaps "big" could not be written to disk, it was not created: .*ENOSPC/,
		);
		await expect(backend.get('ConfigMap', 'default', 'big')).rejects.toThrow('not found');
		// Nothing half is left that takes the little room there is.
		await eventually(
			() => !readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith('.tmp')),
		);
		await backend.create('ConfigMap', config('small', 100));
		await eventually(async () => {
			const { status } = (await backend.get('Pod', 'default', 'before')) as unknown as {
				status: { phase: string };
			};
			return status.phase === 'Running';
		});
		seen.push([
			'state folder full',
			'create is refused: `could not be written to disk, it was not created: ENOSPC`; pods run on',
		]);
	});

	test('a pod that can not be kept is not started', async () => {
		const { backend } = await supervisor();
		writeFileSync(join(folder, 'filler'), 'x'.repeat(16 * 1024));
		try {
			writeFileSync(join(folder, 'filler2'), 'x'.repeat(60 * 1024));
		} catch {
			// Now it is full.
		}
		await expect(backend.create('Pod', pod('late'))).rejects.toThrow('could not be written to disk');
		await eventually(async () => (await backend.list('Pod', undefined)).items.length === 0, {
			within: 10_000,
		});
		expect(await engine.listContainers([])).toEqual([]);
	});

	test('read-only: the same, and `doctor` tells it', async () => {
		const { backend } = await supervisor();
		await backend.create('ConfigMap', config('first', 10));
		execFileSync('mount', ['-o', 'remount,ro', folder]);
		await expect(backend.create('ConfigMap', config('any', 10))).rejects.toThrow(/EROFS/);
		const checks = await backend.checkup();
		expect(checks.find(({ name }) => name === 'state folder')).toMatchObject({
			state: 'problem',
			message: expect.stringContaining('EROFS'),
			mend: expect.stringContaining('make it writable'),
		});
		seen.push([
			'state folder read-only',
			'writes are refused with EROFS; `podrun doctor` names the folder and the mend',
		]);
	});
});

test('rubbish among the state files is set aside, and the rest is served', async () => {
	const pods = join(folder, 'objects', 'pods', 'default');
	mkdirSync(pods, { recursive: true });
	const rubbish = [
		'',
		'null',
		'{}',
		'[]',
		'{"kind":"Pod"}',
		'{"kind":"__proto__","metadata":{"name":"x"}}',
		'{"kind":"Pod","metadata":{"name":"y"}}',
		'\0\0\0',
	];
	for (const [i, text] of rubbish.entries()) writeFileSync(join(pods, `rubbish-${i}.json`), text);
	writeFileSync(join(pods, 'half.json.123.tmp'), '{"kind":');
	const { backend } = await supervisor();
	await backend.create('Pod', pod('fine'));
	const files = readdirSync(pods);
	expect(files.filter((name) => name.endsWith('.broken'))).toHaveLength(rubbish.length);
	expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
	const checks = await backend.checkup();
	expect(checks.find(({ name }) => name === 'state folder')).toMatchObject({ state: 'warning' });
	seen.push([
		'state files cut short or overwritten',
		'they are set aside as `*.broken`, all others are served; `podrun doctor` lists them',
	]);
});

test('what could not be written is written as soon as it can be', async () => {
	const objects = join(folder, 'objects');
	const { backend } = await supervisor();
	rmSync(objects, { recursive: true, force: true });
	writeFileSync(objects, 'in the way');
	await expect(backend.create('ConfigMap', config('one', 10))).rejects.toThrow('could not be written');
	rmSync(objects);
	await backend.create('ConfigMap', config('one', 10));
	expect(readdirSync(join(objects, 'configmaps', 'default'))).toEqual(['one.json']);
});
