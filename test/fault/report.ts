/**
 * What the tests tell of the faults they tried: how many points were survived, and what a user sees. Shown as
 * rows of a table, and appended to the file that PODRUN_FAULTS_REPORT names, a line of JSON for each row:
 * scripts/faults.ts makes the tables of docs/faults.md of them.
 */
import { appendFileSync } from 'node:fs';
import { HARMS } from './gate.ts';
import type { Point } from './sweep.ts';

/** A row of one of the two tables: of the sweep (every call, every harm), or of what was done to the real thing. */
export interface Row {
	readonly table: 'sweep' | 'real';
	readonly cells: readonly string[];
}

/** One row for each kind of harm. */
export function printTable(scenario: string, points: readonly Point[]): void {
	for (const harm of HARMS) {
		const tried = points.filter((point) => point.harm === harm);
		const survived = tried.filter(({ wrong }) => wrong.length === 0);
		const longest = Math.max(0, ...tried.map(({ took }) => took));
		const seconds = `${(longest / 1000).toFixed(1)} s`;
		tell({ table: 'sweep', cells: [scenario, harm, `${tried.length}`, `${survived.length}`, seconds] });
	}
}

/** One fault of the real world: what was done, and what a user saw. */
export function printFault(fault: string, seen: string, survived = true): void {
	tell({ table: 'real', cells: [fault, survived ? 'yes' : 'NO', seen] });
}

/** A row as Markdown has it. */
export function markdownOf(cells: readonly string[]): string {
	return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function tell(row: Row): void {
	process.stdout.write(`${markdownOf(row.cells)}\n`);
	const file = process.env['PODRUN_FAULTS_REPORT'];
	if (file) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
