/** The contract of `Engine`. Containers: their life, their names, signals, lists, figures. */
import { expect, it } from 'vitest';
import { BUSYBOX, code, eachEngine, logsOf, SLEEP } from '../../support/contract.ts';

eachEngine('containers', (s) => {
	it('lives from created over running to exited, with its code and its times', async () => {
		const id = await s.container('life', { script: 'exit 3', program: { exitAfterMs: 50, exitCode: 3 } });
		const created = await s.engine.inspectContainer(id);
		expect(created).toMatchObject({ status: 'created', exitCode: 0, name: s.name('life'), image: BUSYBOX });
		expect(created.startedAt).toBeUndefined();
		expect(created.finishedAt).toBeUndefined();
		await s.engine.startContainer(id);
		await s.exited(id);
		const exited = await s.engine.inspectContainer(id);
		expect(exited).toMatchObject({ exitCode: 3, oomKilled: false, error: '', pid: 0 });
		expect(exited.finishedAt).toBeGreaterThanOrEqual(exited.startedAt ?? Number.POSITIVE_INFINITY);
		expect(exited.startedAt).toBeGreaterThanOrEqual(exited.createdAt);
		await s.engine.removeContainer(id, { force: false });
		await expect(s.engine.inspectContainer(id)).rejects.toEqual(code('NOT_FOUND'));
	});

	it('is found by its name as well as by its id', async () => {
		const id = await s.container('byname', SLEEP);
		expect((await s.engine.inspectContainer(s.name('byname'))).id).toBe(id);
	});

	it('refuses a second one of the same name', async () => {
		await s.container('twice', SLEEP);
		await expect(s.container('twice', SLEEP)).rejects.toEqual(code('CONFLICT'));
	});

	it('refuses an image that is not there', async () => {
		const creating = s.container('noimage', SLEEP, { image: 'podrun-test/absent:1' });
		await expect(creating).rejects.toEqual(code('IMAGE_NOT_FOUND'));
		expect(await s.engine.inspectImage('podrun-test/absent:1')).toBeUndefined();
	});

	it('says NOT_MODIFIED to a second start', async () => {
		const id = await s.started('start2', SLEEP);
		await expect(s.engine.startContainer(id)).rejects.toEqual(code('NOT_MODIFIED'));
	});

	it('ends on a signal that it obeys, and only KILL ends one that ignores them', async () => {
		const obeys = await s.started(
			'obeys',
			{
				script: 'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done',
				program: { stopCode: 5, output: [{ stream: 'stdout', text: 'up\n' }] },
			},
			{},
		);
		await s.eventually('the trap is set', async () =>
			(await logsOf(s, obeys)).length > 0 ? true : undefined,
		);
		await s.engine.killContainer(obeys, 'SIGTERM');
		await s.exited(obeys);
		expect((await s.engine.inspectContainer(obeys)).exitCode).toBe(5);

		const ignores = await s.started('ignores', SLEEP);
		await s.engine.killContainer(ignores, 'TERM');
		expect((await s.engine.inspectContainer(ignores)).status).toBe('running');
		await s.engine.killContainer(ignores, 'KILL');
		await s.exited(ignores);
		expect((await s.engine.inspectContainer(ignores)).exitCode).toBe(137);
		await expect(s.engine.killContainer(ignores, 'KILL')).rejects.toEqual(code('CONFLICT'));
	});

	it('refuses to kill what is created only, what is not there, and signals that are none', async () => {
		const id = await s.container('nokill', SLEEP);
		await expect(s.engine.killContainer(id, 'TERM')).rejects.toEqual(code('CONFLICT'));
		await expect(s.engine.killContainer(s.name('absent'), 'TERM')).rejects.toEqual(code('NOT_FOUND'));
		await expect(s.engine.killContainer(id, 'SIGNOPE')).rejects.toEqual(code('BAD_REQUEST'));
	});

	it('removes a running one only by force', async () => {
		const id = await s.started('rmrunning', SLEEP);
		await expect(s.engine.removeContainer(id, { force: false })).rejects.toEqual(code('CONFLICT'));
		await s.engine.removeContainer(id, { force: true });
		await expect(s.engine.removeContainer(id, { force: true })).rejects.toEqual(code('NOT_FOUND'));
	});

	it('stays created, with the error and a code, when the runtime refuses the start', async () => {
		const id = await s.container(
			'norun',
			{ script: '', program: { startError: 'exec: "/nonexistent": no such file or directory' } },
			{ entrypoint: ['/nonexistent'] },
		);
		await expect(s.engine.startContainer(id)).rejects.toEqual(code('BAD_REQUEST'));
		const after = await s.engine.inspectContainer(id);
		expect(after).toMatchObject({ status: 'created', exitCode: 127 });
		expect(after.error).toContain('/nonexistent');
		expect(after.startedAt).toBeUndefined();
	});

	it('lists by labels, all of which must fit, whatever the state', async () => {
		const one = await s.container('list1', SLEEP, { labels: { 'podrun-test.kind': 'a b=c', common: '' } });
		const two = await s.started('list2', SLEEP, { labels: { common: '' } });
		const ids = async (labels: string[]): Promise<string[]> =>
			(await s.engine.listContainers([s.label, ...labels])).map((c) => c.id).sort();
		expect(await ids(['common'])).toEqual([one, two].sort());
		expect(await ids(['podrun-test.kind=a b=c'])).toEqual([one]);
		expect(await ids(['podrun-test.kind=other'])).toEqual([]);
		const [summary] = await s.engine.listContainers([s.label, 'podrun-test.kind']);
		expect(summary).toMatchObject({ state: 'created', names: [s.name('list1')] });
		expect(summary?.labels['podrun-test.kind']).toBe('a b=c');
	});

	it('runs on with other resources after an update', async () => {
		const id = await s.started('update', SLEEP, {
			resources: { memoryBytes: 64 << 20, memorySwapBytes: 64 << 20 },
		});
		await s.engine.updateContainer(id, {
			memoryBytes: 96 << 20,
			memorySwapBytes: 96 << 20,
			cpuShares: 512,
		});
		expect((await s.engine.inspectContainer(id)).status).toBe('running');
	});

	it('tells what is running and what it takes', async () => {
		const id = await s.started('stats', SLEEP);
		const stats = await s.engine.stats(id);
		expect(stats.at).toBeGreaterThan(0);
		expect(stats.memoryBytes).toBeGreaterThanOrEqual(0);
		expect(await s.engine.writtenBytes(id)).toBeGreaterThanOrEqual(0);
		const [titles, ...processes] = await s.engine.top(id);
		expect(titles).toContain('PID');
		expect(processes.length).toBeGreaterThan(0);
		expect(await s.engine.info()).toMatchObject({ os: 'linux' });
		await s.engine.ping();
	});
});
