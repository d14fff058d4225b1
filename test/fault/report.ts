/** What the tests print: how many points were tried and survived, and how long the pod was unwell at most. */
import { appendFileSync } from 'node:fs';
import type { Point } from './sweep.ts';
import { HARMS } from './world.ts';

/** One row for each kind of harm. Written to PODRUN_FAULTS_REPORT as well, a file, for docs/faults.md. */
export function printTable(scenario: string, points: readonly Point[]): void {
	const rows = HARMS.map((harm) => {
		const tried = points.filter((point) => point.harm === harm);
		const survived = tried.filter(({ wrong }) => wrong.length === 0);
		const longest = Math.max(0, ...tried.map(({ took }) => took));
		return `| ${scenario} | ${harm} | ${tried.length} | ${survived.length} | ${(longest / 1000).toFixed(1)} s |`;
	});
	tell(rows);
}

/** One fault of the real world: what was done, and what a user saw. */
export function printFault(fault: string, seen: string, survived = true): void {
	tell([`| ${fault} | ${survived ? 'yes' : 'NO'} | ${seen} |`]);
}

function tell(rows: readonly string[]): void {
	const text = `${rows.join('\n')}\n`;
	process.stdout.write(text);
	const file = process.env['PODRUN_FAULTS_REPORT'];
	if (file) appendFileSync(file, text);
}
