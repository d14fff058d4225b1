/**
 * What the measurements are told by: medians of interleaved rounds, and how far the rounds lie apart. A single
 * number is never shown without its spread, and no row without what it is compared to.
 */
import { loadavg } from 'node:os';

/** One thing that was measured in every round. */
export interface Measured {
	/** e.g. `bring-up 3`. */
	readonly row: string;
	/** e.g. `podrun up -d`. */
	readonly contender: string;
	readonly unit: string;
	/** One for each round, in order. */
	readonly values: readonly number[];
	/** The contender of the same row that this one is divided by. */
	readonly over?: string;
	/** The quotient that is wished for, at most. */
	readonly wanted?: number;
	/** The median that is wished for, at most, in this unit. */
	readonly atMost?: number;
	/** How much more than another contender of the same row it may take, by the rounds' own differences. */
	readonly beyond?: { readonly contender: string; readonly atMost: number };
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The median of the rounds' own quotients: what loads the machine in one round loads both sides of it. Rounds
 * without a partner count with the partners' median.
 */
export function quotient(values: readonly number[], partners: readonly number[]): number {
	const typical = median(partners);
	return median(values.map((value, round) => value / (partners[round] ?? typical)));
}

/** The median of the rounds' own differences. */
export function difference(values: readonly number[], partners: readonly number[]): number {
	const typical = median(partners);
	return median(values.map((value, round) => value - (partners[round] ?? typical)));
}

/**
 * Runs all contenders of a row in turn, round after round (A B C A B C …). `warm` rounds come first and do
 * not count. The order turns with each round, so that nobody always comes after the same neighbour.
 */
export async function interleave(
	rounds: number,
	contenders: ReadonlyMap<string, () => Promise<number>>,
	warm = 1,
): Promise<Map<string, number[]>> {
	const values = new Map([...contenders.keys()].map((name) => [name, [] as number[]]));
	const names = [...contenders.keys()];
	for (let round = -warm; round < rounds; round += 1) {
		const turn = ((round % names.length) + names.length) % names.length;
		for (const name of [...names.slice(turn), ...names.slice(0, turn)]) {
			const value = await contenders.get(name)?.();
			if (round >= 0 && value !== undefined) values.get(name)?.push(value);
		}
	}
	return values;
}

/** ms that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
	const begun = performance.now();
	await work();
	return performance.now() - begun;
}

/** Load of the last minute over the number of cores would hide what the cores are: both are said. */
export function loadNow(): string {
	return loadavg()
		.map((value) => value.toFixed(1))
		.join(' ');
}

/** Markdown, one line a measurement. */
export function table(measured: readonly Measured[]): string {
	const lines = measured.map((one) => {
		const partner = measured.find(({ row, contender }) => row === one.row && contender === one.over);
		const over = partner === undefined ? undefined : quotient(one.values, partner.values);
		const { wanted, holds } = verdictOf(one, over, measured);
		return [
			one.row,
			one.contender,
			`${digits(median(one.values))} ${one.unit}`,
			`${digits(Math.min(...one.values))}–${digits(Math.max(...one.values))}`,
			over === undefined ? '' : `${over.toFixed(2)} × ${one.over}`,
			wanted,
			holds,
		];
	});
	const head = ['row', 'contender', 'median', 'spread', 'ratio', 'wanted', 'holds'];
	return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What was wished for, and whether it holds; '' where nothing was. */
function verdictOf(
	one: Measured,
	over: number | undefined,
	all: readonly Measured[],
): { wanted: string; holds: string } {
	const told = (wanted: string, value: number, limit: number) => ({
		wanted,
		holds: value <= limit ? 'yes' : 'no',
	});
	if (one.wanted !== undefined && over !== undefined) return told(`≤ ${one.wanted}`, over, one.wanted);
	if (one.atMost !== undefined) {
		return told(`≤ ${one.atMost} ${one.unit}`, median(one.values), one.atMost);
	}
	const { beyond } = one;
	const other = all.find(({ row, contender }) => row === one.row && contender === beyond?.contender);
	if (beyond === undefined || other === undefined) return { wanted: '', holds: '' };
	const more = difference(one.values, other.values);
	const wanted = `≤ ${beyond.atMost} ${one.unit} over ${beyond.contender} (${digits(more)})`;
	return told(wanted, more, beyond.atMost);
}

function digits(value: number): string {
	return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A row's contenders in ms; what is ours is told over another one, and how much of it is wanted at most. */
export function compared(
	row: string,
	values: ReadonlyMap<string, number[]>,
	ours: string,
	over: string,
	wanted?: number,
): Measured[] {
	return [...values].map(([contender, all]) => ({
		row,
		contender,
		unit: 'ms',
		values: all,
		...(contender === ours ? { over, ...(wanted === undefined ? {} : { wanted }) } : {}),
	}));
}
