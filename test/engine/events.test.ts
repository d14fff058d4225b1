/**
 * Docker's event sequences, as the table at the head of src/engine/events.ts tells them, on the fake and on
 * Docker; and the subscription that is renewed when the stream ends.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/engine/engine.ts';
import { watchEvents } from '../../src/engine/events.ts';
import { eachEngine, SLEEP } from '../support/contract.ts';

/** `die[3]`, `kill(15)`: an action with what tells it apart. */
function shown({ action, attributes }: EngineEvent): string {
	const signal = attributes.signal ? `(${attributes.signal})` : '';
	const exitCode = attributes.exitCode ? `[${attributes.exitCode}]` : '';
	return action + signal + exitCode;
}

eachEngine('events', (s) => {
	const abort = new AbortController();
	const seen: EngineEvent[] = [];

	beforeAll(
		() =>
			new Promise<void>((resolve, reject) => {
				watchEvents(s.engine, [s.label], (event) => seen.push(event), resolve, abort.signal).catch(reject);
			}),
	);
	afterAll(() => abort.abort());

	const of = (id: string): string[] => seen.filter((event) => event.id === id).map(shown);
	const told = async (id: string, last: string): Promise<string[]> => {
		await s.eventually(`${last} is told of ${id}`, async () => (of(id).at(-1) === last ? true : undefined));
		return of(id);
	};

	it('a process that ends by itself: create start die, destroy when it is removed', async () => {
		const id = await s.started('ends', { script: 'exit 3', program: { exitAfterMs: 50, exitCode: 3 } });
		expect(await told(id, 'die[3]')).toEqual(['create', 'start', 'die[3]']);
		await s.engine.removeContainer(id, { force: false });
		expect(await told(id, 'destroy')).toEqual(['create', 'start', 'die[3]', 'destroy']);
		const die = seen.find((event) => event.id === id && event.action === 'die');
		expect(die).toMatchObject({ kind: 'container', attributes: { exitCode: '3', name: s.name('ends') } });
		const { finishedAt, startedAt } = { finishedAt: die?.at ?? 0, startedAt: seen[0]?.at ?? 0 };
		expect(finishedAt).toBeGreaterThanOrEqual(startedAt);
	});

	it('a signal that is ignored: kill alone; KILL: kill die', async () => {
		const id = await s.started('signal', SLEEP);
		await s.engine.killContainer(id, 'TERM');
		expect(await told(id, 'kill(15)')).toEqual(['create', 'start', 'kill(15)']);
		await s.engine.killContainer(id, 'KILL');
		expect(await told(id, 'die[137]')).toEqual(['create', 'start', 'kill(15)', 'kill(9)', 'die[137]']);
	});

	it('rm -f of a running one: kill die destroy', async () => {
		const id = await s.started('force', SLEEP);
		await s.engine.removeContainer(id, { force: true });
		expect(await told(id, 'destroy')).toEqual(['create', 'start', 'kill(9)', 'die[137]', 'destroy']);
	});

	it('a start that the runtime refuses: nothing', async () => {
		const process = { script: '', program: { startError: 'no such file or directory' } };
		const id = await s.container('refused', process, { entrypoint: ['/nonexistent'] });
		await s.engine.startContainer(id).catch(() => undefined);
		await s.engine.removeContainer(id, { force: true });
		expect(await told(id, 'destroy')).toEqual(['create', 'destroy']);
	});

	it('an exec: exec_create exec_start exec_die, without its command', async () => {
		const id = await s.started('exec', SLEEP);
		const session = await s.engine.exec(id, { command: ['cat', '/dev/null'] });
		session.stdout.resume();
		session.stderr.resume();
		await session.exitCode;
		expect((await told(id, 'exec_die[0]')).slice(2)).toEqual(['exec_create', 'exec_start', 'exec_die[0]']);
	});

	it('an update of the resources: update', async () => {
		const id = await s.started('update', SLEEP);
		await s.engine.updateContainer(id, { cpuShares: 100 });
		expect(await told(id, 'update')).toEqual(['create', 'start', 'update']);
	});

	it('out of memory: oom before die', async () => {
		const id = await s.started(
			'oom',
			{ script: 'x=$(head -c 100m /dev/zero | tail)', program: { exitAfterMs: 50, oom: true } },
			{ resources: { memoryBytes: 8 << 20, memorySwapBytes: 8 << 20 } },
		);
		await s.exited(id);
		await s.eventually('die is told', async () =>
			of(id).some((e) => e.startsWith('die')) ? true : undefined,
		);
		const order = of(id).map((e) => e.replace(/\[.*/, ''));
		expect(order.indexOf('oom')).toBeGreaterThan(order.indexOf('start'));
		expect(order.indexOf('die')).toBeGreaterThan(order.indexOf('oom'));
		expect(await s.engine.inspectContainer(id)).toMatchObject({ oomKilled: true });
	});

	it('tells the past from an instant on', async () => {
		const first = await s.started('past', { script: 'true', program: { exitAfterMs: 0 } });
		await told(first, 'die[0]');
		const since = seen.find((event) => event.id === first)?.at ?? 0;
		const again: EngineEvent[] = [];
		const cut = new AbortController();
		const reading = (async () => {
			for await (const event of s.engine.events({ labels: [s.label], since }, cut.signal)) again.push(event);
		})().catch(() => undefined);
		await s.eventually('the past is told', async () =>
			again.some((event) => event.id === first && event.action === 'die') ? true : undefined,
		);
		cut.abort();
		await reading;
		expect(again.filter((event) => event.id === first).map(shown)).toEqual(['create', 'start', 'die[0]']);
	});
});
