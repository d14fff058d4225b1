/** The engine as somebody who may be away: who is asked, how often, and who is told. */
import { beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/engine/engine.ts';
import { EngineLink } from '../../../src/supervisor/engine-link.ts';
import { HandClock } from '../../support/hand-clock.ts';

let clock: HandClock;
let there: boolean | 'stumbling' | 'silent';
let asked: number[];
let told: string[];
let speak: (() => void)[];
let link: EngineLink;

beforeEach(() => {
	clock = new HandClock();
	there = true;
	asked = [];
	told = [];
	speak = [];
	link = new EngineLink({
		engine: {
			address: 'unix:///sock',
			async ping(signal) {
				asked.push(clock.now());
				if (there === 'silent') await silence(signal);
				if (there === 'stumbling') throw new EngineError('UNKNOWN', 'it stumbled');
				if (!there) throw new EngineError('UNREACHABLE', 'nobody listens');
			},
			unanswered: () => () => told.push(`${clock.now()} what was not answered is cut`),
		},
		clock,
		log: { debug() {}, info() {}, warn() {}, error() {} },
		onAway: ({ since, why }) => told.push(`${clock.now()} away since ${since}: ${why}`),
		onFound: async () => {
			told.push(`${clock.now()} seen anew`);
			if (!there) throw new EngineError('UNREACHABLE', 'gone again');
		},
		onSilenceOver: () => told.push(`${clock.now()} connections anew`),
		onBack: (wasTold) => told.push(`${clock.now()} back, told ${wasTold}`),
	});
});

/** Until it speaks, or the call is cut. */
function silence(signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve, reject) => {
		speak.push(resolve);
		signal?.addEventListener('abort', () => reject(new EngineError('ABORTED', 'the call was cut off')));
	});
}

function speaks(): void {
	there = true;
	for (const answer of speak.splice(0)) answer();
}

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

describe('an engine that takes calls and does not answer', () => {
	beforeEach(() => link.begin());

	it('is asked only when nothing was heard of it for a while', async () => {
		for (const at of [10_000, 20_000, 30_000]) {
			await clock.passTo(at);
			link.heard();
		}
		expect(asked).toEqual([]);
		await clock.passTo(70_000);
		expect(asked).toEqual([42_000, 54_000, 66_000]);
		expect(told).toEqual([]);
	});

	it('is away 20 s after its last word, and whoever waits for it is told so', async () => {
		const waiting = link.ask(() => new Promise(() => undefined));
		waiting.catch((error: Error) => told.push(`${clock.now()} asked in vain: ${error.message}`));
		there = 'silent';
		await clock.passTo(19_999);
		expect({ told, away: link.isAway }).toEqual({ told: [], away: false });
		await clock.passTo(25_000);
		expect(told).toEqual([
			'20000 asked in vain: the Docker engine at unix:///sock does not answer',
			'20000 away since 20000: the Docker engine at unix:///sock does not answer',
		]);
		await expect(link.ask(async () => 1)).rejects.toMatchObject({ code: 'UNREACHABLE' });
	});

	it('is asked by one call at a time, for hours', async () => {
		there = 'silent';
		await clock.passTo(3_600_000);
		const looks = asked.slice(2);
		const between = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
		expect(Math.min(...between)).toBeGreaterThanOrEqual(8_000);
		expect(Math.max(...between)).toBeLessThanOrEqual(10_000);
		expect(clock.waiting).toBeLessThanOrEqual(2);
	});

	it('is back with its first word; what it never heard is cut a little later', async () => {
		there = 'silent';
		await clock.passTo(60_000);
		told = [];
		speaks();
		await clock.passTo(60_001);
		expect(told).toEqual(['60000 connections anew', '60000 seen anew', '60000 back, told true']);
		expect(link.isAway).toBe(false);
		await clock.passTo(90_000);
		expect(told.slice(3)).toEqual(['65000 what was not answered is cut']);
		// And it is noticed once more.
		there = 'silent';
		await clock.passTo(120_000);
		expect(link.isAway).toBe(true);
	});

	it('is not away when it is only slow', async () => {
		there = 'silent';
		await clock.passTo(19_000);
		speaks();
		await clock.passTo(19_500);
		expect({ told, away: link.isAway }).toEqual({ told: [], away: false });
	});

	it('answers or does not, as whoever has waited in vain may ask', async () => {
		there = 'silent';
		const both = Promise.all([link.answers(), link.answers()]);
		await clock.passTo(2_000);
		expect(await both).toEqual([false, false]);
		expect(asked).toEqual([0]);
		there = true;
		expect(await link.answers()).toBe(true);
		there = 'stumbling';
		expect(await link.answers()).toBe(true);
	});

	it('an answer that comes when nobody waits any more is given to whoever closes it', async () => {
		const { promise, resolve } = Promise.withResolvers<string>();
		const waiting = link.ask(
			() => promise,
			(answer) => told.push(`too late: ${answer}`),
		);
		waiting.catch(() => {});
		there = 'silent';
		await clock.passTo(20_500);
		resolve('a process');
		await clock.passTo(20_600);
		expect(told).toContain('too late: a process');
	});
});
