/** The engine as somebody who may be away: who is asked, how often, and who is told. */
import { beforeEach, expect, it } from 'vitest';
import { EngineError } from '../../../src/engine/engine.ts';
import { EngineLink } from '../../../src/supervisor/engine-link.ts';
import { HandClock } from '../../support/hand-clock.ts';

let clock: HandClock;
let there: boolean | 'stumbling';
let asked: number[];
let told: string[];
let link: EngineLink;

beforeEach(() => {
	clock = new HandClock();
	there = true;
	asked = [];
	told = [];
	link = new EngineLink({
		engine: {
			async ping() {
				asked.push(clock.now());
				if (there === 'stumbling') throw new EngineError('UNKNOWN', 'it stumbled');
				if (!there) throw new EngineError('UNREACHABLE', 'nobody listens');
			},
		},
		clock,
		log: { debug() {}, info() {}, warn() {}, error() {} },
		onAway: ({ since, why }) => told.push(`${clock.now()} away since ${since}: ${why}`),
		onFound: async () => {
			told.push(`${clock.now()} seen anew`);
			if (!there) throw new EngineError('UNREACHABLE', 'gone again');
		},
		onBack: (wasTold) => told.push(`${clock.now()} back, told ${wasTold}`),
	});
});

it('one look dispels a doubt, and many doubts are one look', async () => {
	link.doubt();
	link.doubt();
	await clock.passTo(10);
	expect({ asked, told, away: link.isAway }).toEqual({ asked: [0], told: [], away: false });
	there = 'stumbling';
	link.doubt();
	await clock.passTo(20);
	expect({ told, away: link.isAway }).toEqual({ told: [], away: false });
});

it('a moment without an engine is told to nobody but those who wait for its end', async () => {
	there = false;
	link.doubt();
	await clock.passTo(50);
	expect(link.absence).toEqual({ since: 0, why: 'nobody listens' });
	there = true;
	await clock.passTo(5_000);
	expect({ asked, told, away: link.isAway }).toEqual({
		asked: [0, 100],
		told: ['100 seen anew', '100 back, told false'],
		away: false,
	});
	expect(clock.waiting).toBe(0);
});

it('a longer absence is told once, looked for ever more seldom, and ended by whoever hears of the engine first', async () => {
	there = false;
	link.doubt();
	await clock.passTo(10_000);
	expect(asked).toEqual([0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100, 9_100]);
	link.doubt();
	there = true;
	await link.found();
	await clock.passTo(60_000);
	expect(told).toEqual(['1000 away since 0: nobody listens', '10000 seen anew', '10000 back, told true']);
	expect({ asked: asked.length, waiting: clock.waiting }).toEqual({ asked: 9, waiting: 0 });
});

it('looks no more once it has ended', async () => {
	there = false;
	link.doubt();
	await clock.passTo(50);
	link.end();
	await clock.passTo(60_000);
	expect(asked).toEqual([0]);
});

it('nobody goes on before what it has was seen', async () => {
	there = false;
	link.doubt();
	await clock.passTo(50);
	// Somebody heard of it, and then it was gone again.
	await link.found();
	expect({ told, away: link.isAway }).toEqual({ told: ['50 seen anew'], away: true });
	await clock.passTo(100);
	there = true;
	await clock.passTo(500);
	expect(told).toEqual(['50 seen anew', '150 seen anew', '150 back, told false']);
});
