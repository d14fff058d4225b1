/** The objects on disk: what was acknowledged is there, whatever is written at the same time. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/types.ts';
import { FilePersistence } from '../../../src/supervisor/persistence.ts';

let folder = '';
const failures: string[] = [];
const object = (name: string, revision: number): KubeObject => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name, namespace: 'default', resourceVersion: String(revision) },
	data: {},
});

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'podrun-persistence-'));
	failures.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

describe('objects on disk', () => {
	const open = () => new FilePersistence(folder, (path) => failures.push(path));

	it('are found again, the newest state of each', async () => {
		const persistence = open();
		for (let revision = 1; revision <= 50; revision += 1) persistence.save(object('a', revision));
		persistence.save(object('b', 51));
		persistence.save(object('c', 52));
		persistence.remove(object('c', 53));
		await persistence.flush();
		const found = await open().load();
		expect(found.map(({ metadata }) => [metadata.name, metadata.resourceVersion]).sort()).toEqual([
			['a', '50'],
			['b', '51'],
		]);
	});

	it('that change in quick succession are written once, and at once when somebody waits for it', async () => {
		const persistence = open();
		const path = join(folder, 'objects/configmaps/default/a.json');
		for (let revision = 1; revision <= 5; revision += 1) {
			persistence.save(object('a', revision));
			await new Promise(setImmediate);
		}
		await expect(stat(path)).rejects.toThrow('ENOENT');
		await persistence.flush();
		expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(object('a', 5));
		persistence.save(object('a', 6));
		await expect.poll(() => readFile(path, 'utf8')).toContain('"6"');
	});

	it('are acknowledged while others are written without end', async () => {
		const persistence = open();
		let ended = false;
		const noise = (async () => {
			for (let n = 0; !ended; n += 1) {
				persistence.save(object(`noise-${n % 5}`, n));
				await new Promise(setImmediate);
			}
		})();
		persistence.save(object('mine', 1));
		await persistence.flush();
		ended = true;
		expect(JSON.parse(await readFile(join(folder, 'objects/configmaps/default/mine.json'), 'utf8'))).toEqual(
			object('mine', 1),
		);
		await noise;
		await persistence.flush();
	});

	it('are of mode 0600, and nothing half-written is left beside them', async () => {
		const persistence = open();
		persistence.save(object('a', 1));
		await persistence.flush();
		const files = await readdir(join(folder, 'objects/configmaps/default'));
		expect(files).toEqual(['a.json']);
		expect((await stat(join(folder, 'objects/configmaps/default/a.json'))).mode & 0o777).toBe(0o600);
	});

	it('that can not be read are set aside and told', async () => {
		const persistence = open();
		persistence.save(object('a', 1));
		await persistence.flush();
		const path = join(folder, 'objects/configmaps/default/a.json');
		await writeFile(path, '{"kind": "Conf');
		expect(await open().load()).toEqual([]);
		expect(failures).toEqual([path]);
		expect(await readdir(join(folder, 'objects/configmaps/default'))).toEqual(['a.json.broken']);
	});
});
