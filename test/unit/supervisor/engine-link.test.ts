/** The engine as somebody who may be away: who is asked, how often, and who is told. */
import { beforeEach, expect, it } from 'vitest';
import { EngineError } from '../../../src/engine/engine.ts';
import { EngineLink } from '../../../src/supervisor/engine-link.ts';

let now: number;
let timers: { at: number; call: () => void }[];
let there: boolean | 'stumbling';
let asked: number[];
let told: string[];
let link: EngineLink;

async function passTo(ms: number): Promise<void> {
	for (;;) {
		await new Promise((done) => setImmediate(done));
		const next = timers.filter(({ at }) => at <= ms).sort((a, b) => a.at - b.at)[0];
		if (next === undefined) break;
		timers.splice(timers.indexOf(next), 1);
		now = next.at;
		next.call();
	}
	now = ms;
}

beforeEach(() => {
	now = 0;
	timers = [];
	there = true;
	asked = [];
	told = [];
	link = new EngineLink({
		engine: {
			async ping() {
				asked.push(now);
				if (there === 'stumbling') throw new EngineError('UNKNOWN', 'it stumbled');
				if (!there) throw new EngineError('UNREACHABLE', 'nobody listens');
			},
		},
		clock: {
			now: () => now,
			after(ms, call) {
				const timer = { at: now + ms, call };
				timers.push(timer);
				return () => {
					timers = timers.filter((other) => other !== timer);
				};
			},
		},
		log: { debug() {}, info() {}, warn() {}, error() {} },
		onAway: ({ since, why }) => told.push(`${now} away since ${since}: ${why}`),
		onFound: async () => {
			told.push(`${now} seen anew`);
			if (!there) throw new EngineError('UNREACHABLE', 'gone again');
		},
		onBack: (wasTold) => told.push(`${now} back, told ${wasTold}`),
	});
});

it('one look dispels a doubt, and many doubts are one look', async () => {
	link.doubt();
	link.doubt();
	await passTo(10);
	expect({ asked, told, away: link.isAway }).toEqual({ asked: [0], told: [], away: false });
	there = 'stumbling';
	link.doubt();
	await passTo(20);
	expect({ told, away: link.isAway }).toEqual({ told: [], away: false });
});

it('a moment without an engine is told to nobody but those who wait for its end', async () => {
	there = false;
	link.doubt();
	await passTo(50);
	expect(link.absence).toEqual({ since: 0, why: 'nobody listens' });
	there = true;
	await passTo(5_000);
	expect({ asked, told, away: link.isAway }).toEqual({
		asked: [0, 100],
		told: ['100 seen anew', '100 back, told false'],
		away: false,
	});
	expect(timers).toEqual([]);
});

it('a longer absence is told once, looked for ever more seldom, and ended by whoever hears of the engine first', async () => {
	there = false;
	link.doubt();
	await passTo(10_000);
	expect(asked).toEqual([0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100, 9_100]);
	link.doubt();
	there = true;
	await link.found();
	await passTo(60_000);
	expect(told).toEqual(['1000 away since 0: nobody listens', '10000 seen anew', '10000 back, told true']);
	expect({ asked: asked.length, timers }).toEqual({ asked: 9, timers: [] });
});

it('looks no more once it has ended', async () => {
	there = false;
	link.doubt();
	await passTo(50);
	link.end();
	await passTo(60_000);
	expect(asked).toEqual([0]);
});

it('nobody goes on before what it has was seen', async () => {
	there = false;
	link.doubt();
	await passTo(50);
	// Somebody heard of it, and then it was gone again.
	await link.found();
	expect({ told, away: link.isAway }).toEqual({ told: ['50 seen anew'], away: true });
	await passTo(100);
	there = true;
	await passTo(500);
	expect(told).toEqual(['50 seen anew', '150 seen anew', '150 back, told false']);
});
