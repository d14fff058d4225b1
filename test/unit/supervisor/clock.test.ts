/** A wall clock that is set, and the steady one by which that is noticed. */
import { beforeEach, expect, it } from 'vitest';
import { leapingClock } from '../../../src/supervisor/clock.ts';

let wall: number;
let steady: number;
let clock: ReturnType<typeof leapingClock>;

function pass(ms: number): void {
	wall += ms;
	steady += ms;
}

beforeEach(() => {
	wall = 1_795_262_400_000;
	steady = 77;
	clock = leapingClock(
		() => wall,
		() => steady,
	);
});

it('tells the wall clock, and no leap while time passes, be it hours', () => {
	pass(10);
	expect(clock.now()).toBe(wall);
	pass(5 * 3_600_000);
	expect(clock.leaps()).toBe(0);
});

it('adds up leaps in both directions', () => {
	wall += 3_600_000;
	expect(clock.leaps()).toBe(3_600_000);
	pass(1_000);
	expect(clock.leaps()).toBe(3_600_000);
	wall -= 5_000_000;
	expect(clock.now()).toBe(wall);
	expect(clock.leaps()).toBe(-1_400_000);
});

it('takes a machine that has slept for a leap: the steady clock slept too', () => {
	wall += 8 * 3_600_000;
	steady += 5;
	expect(clock.leaps()).toBe(8 * 3_600_000 - 5);
});

it('minds no clock that is slewed, however long', () => {
	for (let day = 0; day < 50; day += 1) {
		pass(86_400);
		wall += 43;
		clock.now();
	}
	expect(clock.leaps()).toBe(0);
});
