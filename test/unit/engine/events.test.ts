/** The subscription that outlives its connections. */
import { expect, it } from 'vitest';
import type { EngineError, EngineEvent } from '../../../src/engine/engine.ts';
import { watchEvents } from '../../../src/engine/events.ts';
import { FakeEngine } from '../../support/fake-engine.ts';

const OPTIONS = { name: 'one', image: 'busybox:1.36', labels: { pod: 'p' }, networkMode: 'none' };

/** Lets everything run that can run without a clock. */
async function settle(): Promise<void> {
	for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it('tells of a gap at each connection, and what was missed meanwhile', async () => {
	const engine = new FakeEngine({ now: Date.now() });
	const seen: EngineEvent[] = [];
	const gaps: (() => void)[] = [];
	const gap = (): Promise<void> => new Promise((resolve) => gaps.push(resolve));
	const lost: (EngineError | undefined)[] = [];
	const abort = new AbortController();

	const first = gap();
	const watching = watchEvents(
		engine,
		['pod=p'],
		(event) => seen.push(event),
		() => gaps.shift()?.(),
		abort.signal,
		(error) => lost.push(error),
	);
	await first;
	const { id } = await engine.createContainer(OPTIONS);
	await engine.createContainer({ ...OPTIONS, name: 'other', labels: {} });
	await settle();
	expect(seen.map((event) => event.action)).toEqual(['create']);

	const second = gap();
	engine.cutEvents();
	engine.advance(1);
	await engine.startContainer(id);
	await second;
	await settle();
	expect(seen.map((event) => event.action)).toEqual(['create', 'start']);
	expect(lost).toEqual([undefined]);

	abort.abort();
	await watching;
});

it('tries again while there is no engine, and says once that it is away', async () => {
	const engine = new FakeEngine();
	engine.down();
	const lost: (EngineError | undefined)[] = [];
	const abort = new AbortController();
	const connected = new Promise<void>((resolve) => {
		const onLost = (error: EngineError | undefined): void => {
			lost.push(error);
			setImmediate(() => engine.up());
		};
		void watchEvents(engine, [], () => undefined, resolve, abort.signal, onLost);
	});
	await connected;
	expect(lost).toMatchObject([{ code: 'UNREACHABLE' }]);
	abort.abort();
});

it('does not swallow a bug of its listener', async () => {
	const engine = new FakeEngine();
	const abort = new AbortController();
	const watching = watchEvents(
		engine,
		[],
		() => {
			throw new TypeError('a bug');
		},
		() => void engine.createContainer(OPTIONS),
		abort.signal,
	);
	await expect(watching).rejects.toThrow('a bug');
});

it('does not sit out its wait when somebody has found the engine', async () => {
	const engine = new FakeEngine();
	engine.down();
	const abort = new AbortController();
	const found = Promise.withResolvers<void>();
	const waits: number[] = [];
	const began = performance.now();
	await new Promise<void>((resolve) => {
		const sooner = (): Promise<void> => {
			waits.push(performance.now() - began);
			// The fourth wait would take 800 ms.
			if (waits.length < 4) return new Promise(() => undefined);
			engine.up();
			setImmediate(() => found.resolve());
			return found.promise;
		};
		void watchEvents(
			engine,
			[],
			() => undefined,
			resolve,
			abort.signal,
			() => undefined,
			sooner,
		);
	});
	expect(performance.now() - began - (waits[3] ?? 0)).toBeLessThan(700);
	abort.abort();
});
