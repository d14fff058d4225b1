/** Files of the host in containers of the fake engine: they stay through crashes, other attempts and supervisors. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/api/errors.ts';
import { encodeSync, type SyncEntry } from '../../../../src/api/sync.ts';
import type { Pod } from '../../../../src/api/types.ts';
import { EngineError } from '../../../../src/engine/engine.ts';
import { Inventory } from '../../../../src/engine/observe.ts';
import { createLog } from '../../../../src/supervisor/log.ts';
import { PodSync } from '../../../../src/supervisor/sync/sync.ts';
import { makeLabels } from '../../../../src/translate/names.ts';
import { FakeEngine } from '../../../support/fake-engine.ts';

const pod = {
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: { name: 'web', namespace: 'default', uid: 'u1' },
	spec: {
		containers: [
			{
				name: 'app',
				image: 'busybox:1.36',
				securityContext: { runAsUser: 1000, runAsGroup: 2000 },
				volumeMounts: [
					{ name: 'data', mountPath: '/data' },
					{ name: 'conf', mountPath: '/conf' },
				],
			},
		],
		volumes: [
			{ name: 'data', emptyDir: {} },
			{ name: 'conf', configMap: { name: 'c' } },
		],
	},
} as unknown as Pod;

let folder: string;
let engine: FakeEngine;
let inventory: Inventory;
let sync: PodSync;
let refusals: string[] = [];
let mayReturn = 0;

function supervisor(): PodSync {
	inventory = new Inventory(engine, 'default');
	return new PodSync({
		...{ engine, inventory, stateFolder: folder, mayReturn },
		log: createLog(() => {}),
		onRefused: (_pod, container, why) => refusals.push(`${container}: ${why}`),
	});
}

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-sync-'));
	engine = new FakeEngine();
	mayReturn = 0;
	refusals = [];
	sync = supervisor();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function make(container: string, attempt: number, image = 'busybox:1.36'): Promise<string> {
	const labels = makeLabels({
		instance: 'default',
		pod: { name: 'web', namespace: 'default', uid: 'u1' },
		container,
		role: container === 'POD' ? 'infra' : 'app',
		attempt,
		hash: '',
		resourcesHash: '',
		backoffMs: 0,
	});
	const mounts =
		container === 'POD'
			? [{ type: 'volume', source: 'data', target: '/volumes/data', readOnly: false, noCopy: true } as const]
			: [];
	const { id } = await engine.createContainer({
		name: `${container}_${attempt}`,
		image,
		labels,
		networkMode: 'none',
		mounts,
	});
	inventory.touch(id, 'u1');
	return id;
}

async function start(id: string): Promise<void> {
	await engine.startContainer(id);
	inventory.touch(id, 'u1');
}

function body(files: Readonly<Record<string, string>>, removed: readonly string[] = []): Buffer {
	const entries = Object.entries(files).map(
		([path, text]): SyncEntry => ({ path, type: 'file', mode: 0o640, seconds: 5, size: text.length }),
	);
	return encodeSync(
		{ removed, entries },
		Object.values(files).map((text) => Buffer.from(text)),
	);
}

describe('sync', () => {
	test('into the running attempt, as the user that the container runs as; folders that are missing too', async () => {
		const id = await make('app', 0);
		await start(id);
		expect(await sync.sync(pod, 'app', body({ '/srv/new/a': 'text' }))).toEqual({ delivered: true });
		expect(engine.view(id).read('/srv/new/a')).toBe('text');
		expect(engine.view(id).find('/srv/new/a')?.file).toMatchObject({ uid: 1000, gid: 2000, mode: 0o640 });
		expect(engine.view(id).find('/srv/new')?.file).toMatchObject({ uid: 1000, gid: 2000 });
		expect(await sync.paths(pod, 'app')).toEqual(['/srv/new/a']);
	});

	test('without an attempt it is kept, and the next one has it before it starts', async () => {
		expect(await sync.sync(pod, 'app', body({ '/srv/a': 'one' }))).toEqual({ delivered: false });
		const id = await make('app', 0);
		await sync.prepare(pod, 'app', id, undefined);
		expect(engine.view(id).read('/srv/a')).toBe('one');
		// Between its preparation and its start something may still come.
		await sync.sync(pod, 'app', body({ '/srv/a': 'two' }));
		expect(engine.view(id).read('/srv/a')).toBe('two');
	});

	test('the next attempt of another supervisor has all of it, too', async () => {
		const first = await make('app', 0);
		await start(first);
		await sync.sync(pod, 'app', body({ '/srv/a': 'one', '/srv/b': 'b' }));
		await sync.sync(pod, 'app', body({ '/srv/a': 'two' }, ['/srv/b']));
		engine.exit(first, 1);
		sync = supervisor();
		const second = await make('app', 1);
		await sync.prepare(pod, 'app', second, undefined);
		expect([engine.view(second).read('/srv/a'), engine.view(second).read('/srv/b')]).toEqual([
			'two',
			undefined,
		]);
	});

	test('a volume takes files through the pause, once', async () => {
		const pause = await make('POD', 0);
		await start(pause);
		const first = await make('app', 0);
		await sync.prepare(pod, 'app', first, pause);
		await start(first);
		expect(await sync.sync(pod, 'app', body({ '/data/x/a': 'one' }))).toEqual({ delivered: true });
		expect(engine.view(pause).read('/volumes/data/x/a')).toBe('one');
		// It outlives attempts: what the container has made of it since is its own.
		engine.volumeTree('data')?.write('/x/a', 'changed inside');
		const second = await make('app', 1);
		await sync.prepare(pod, 'app', second, pause);
		expect(engine.view(pause).read('/volumes/data/x/a')).toBe('changed inside');
	});

	test('a container that dies while it takes files: nothing is lost', async () => {
		const id = await make('app', 0);
		await start(id);
		engine.inject({ method: 'putArchive', error: new EngineError('CONFLICT', 'container is not running') });
		engine.exit(id, 137);
		expect(await sync.sync(pod, 'app', body({ '/srv/a': 'kept' }))).toEqual({ delivered: false });
		const next = await make('app', 1);
		engine.inject({ method: 'putArchive', nth: 99 });
		await sync.prepare(pod, 'app', next, undefined).catch(() => sync.prepare(pod, 'app', next, undefined));
		expect(engine.view(next).read('/srv/a')).toBe('kept');
	});

	test('what a running container refuses is told and not kept; an engine that is away is no refusal', async () => {
		const id = await make('app', 0);
		await start(id);
		engine.inject({ method: 'putArchive', error: new EngineError('UNKNOWN', 'rootfs is marked read-only') });
		await expect(sync.sync(pod, 'app', body({ '/srv/a': 'x' }))).rejects.toThrow(ApiError);
		expect(await sync.paths(pod, 'app')).toEqual([]);
		engine.inject({ method: 'putArchive', error: new EngineError('UNREACHABLE', 'gone') });
		await expect(sync.sync(pod, 'app', body({ '/srv/a': 'x' }))).rejects.toThrow('gone');
		expect(await sync.paths(pod, 'app')).toEqual(['/srv/a']);
	});

	test('paths in volumes that podrun writes, unknown containers and broken bodies are refused', async () => {
		const refused = (container: string, bytes: Buffer) =>
			Promise.resolve()
				.then(() => sync.sync(pod, container, bytes))
				.then(
					() => 'taken',
					(error: unknown) => (error as ApiError).status.code,
				);
		expect(await refused('app', body({ '/conf/a': 'x' }))).toBe(400);
		expect(await refused('nobody', body({ '/a': 'x' }))).toBe(400);
		expect(await refused('app', Buffer.from('rubbish'))).toBe(400);
	});

	test("overlays of pods that are gone go with them, others' stay", async () => {
		await sync.sync(pod, 'app', body({ '/srv/a': 'one' }));
		await supervisor().clean(new Set(['u1']));
		expect(await supervisor().paths(pod, 'app')).toEqual(['/srv/a']);
		await supervisor().clean(new Set(['u2']));
		expect(await supervisor().paths(pod, 'app')).toEqual([]);
	});

	test('a container that can take no files starts without them, which is told', async () => {
		await sync.sync(pod, 'app', body({ '/srv/a': 'one' }));
		const id = await make('app', 0);
		engine.inject({ method: 'putArchive', error: new EngineError('UNKNOWN', 'rootfs is marked read-only') });
		await sync.prepare(pod, 'app', id, undefined);
		expect(refusals).toEqual(['app: rootfs is marked read-only']);
	});
});

describe('files for a pod that is about to be made', () => {
	test('its first attempt begins with them; nothing is left of what it did not take', async () => {
		await sync.stage('default', 'web', 'app', body({ '/srv/a': 'one', '/srv/b': 'b' }));
		await sync.stage('default', 'web', 'app', body({ '/srv/a': 'two' }));
		await sync.stage('default', 'web', 'gone', body({ '/srv/a': 'x' }));
		expect(await sync.paths(pod, 'app')).toEqual(['/srv/a', '/srv/b']);
		await sync.unstage('default', 'web');
		const id = await make('app', 0);
		await sync.prepare(pod, 'app', id, undefined);
		expect(engine.view(id).read('/srv/a')).toBe('two');
		const later = { ...pod, metadata: { ...pod.metadata, uid: 'u2' } };
		expect(await sync.paths(later, 'app')).toEqual([]);
	});

	test('another pod of that name takes nothing, nor does one after a restart of the supervisor', async () => {
		await sync.stage('default', 'other', 'app', body({ '/srv/a': 'one' }));
		await sync.stage('default', 'web', 'app', body({ '/srv/a': 'one' }));
		sync = supervisor();
		await sync.clean(new Set());
		expect(await sync.paths(pod, 'app')).toEqual([]);
	});

	test('names that would lead elsewhere are refused', async () => {
		for (const name of ['..', '../web', 'a/b', 'a..b', '']) {
			await expect(sync.stage('default', name, 'app', body({ '/a': 'x' }))).rejects.toThrow(ApiError);
			await expect(sync.unstage(name, 'web')).rejects.toThrow(ApiError);
		}
	});
});

describe('what a watch left behind', () => {
	/** The attempt 0 with a synced file; the next has another image. */
	async function crashed(): Promise<string> {
		const first = await make('app', 0);
		await start(first);
		await sync.sync(pod, 'app', body({ '/srv/a': 'synced' }));
		engine.exit(first, 1);
		engine.addImage('newer:1');
		return make('app', 1, 'newer:1');
	}

	test('does not hide a newer image; the same image gets it', async () => {
		const next = await crashed();
		const same = await make('app', 2);
		await sync.prepare(pod, 'app', same, undefined);
		expect(engine.view(same).read('/srv/a')).toBe('synced');
		await sync.prepare(pod, 'app', next, undefined);
		expect(engine.view(next).read('/srv/a')).toBeUndefined();
		expect(await sync.paths(pod, 'app')).toEqual([]);
		expect(await supervisor().paths(pod, 'app')).toEqual([]);
	});

	test('while somebody watches, a newer image gets it, too', async () => {
		const next = await crashed();
		const watch = new AbortController();
		const watched = sync.watched('u1', watch.signal);
		await sync.prepare(pod, 'app', next, undefined);
		expect(engine.view(next).read('/srv/a')).toBe('synced');
		watch.abort();
		await watched;
	});

	test('just after the start of a supervisor nobody is thought to have gone', async () => {
		const next = await crashed();
		mayReturn = 60_000;
		sync = supervisor();
		await sync.prepare(pod, 'app', next, undefined);
		expect(engine.view(next).read('/srv/a')).toBe('synced');
	});
});
