/**
 * The tables of docs/faults.md, printed by the tests themselves.
 *
 *   node scripts/faults.ts                  runs the fault suite with every point of the sweep, and writes the tables
 *   node scripts/faults.ts --write REPORT   writes them from a report that a run has left (PODRUN_FAULTS_REPORT)
 *   node scripts/faults.ts --check REPORT   writes nothing; exit code 1 if the tables name other faults than were
 *                                           tried, or one was not survived
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownOf, type Row } from '../test/fault/report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENT = join(ROOT, 'docs/faults.md');
/** What stands between `<!-- NAME -->` and `<!-- end of NAME -->` is written here. */
const HEADS = {
	sweep: ['| Asked for | Harm | Points | Survived | Well again after, at most |', '|---|---|---|---|---|'],
	real: ['| Fault | Survived | What a user sees |', '|---|---|---|'],
} as const;

/** The text between a pair of markers, and what is around it. Throws when the document has no such pair. */
function place(document: string, name: string): readonly [before: string, text: string, after: string] {
	const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
	const [from, to] = [document.indexOf(begin), document.indexOf(end)];
	if (from < 0 || to < from) throw new Error(`docs/faults.md lacks the markers ${begin} and ${end}`);
	const start = from + begin.length;
	return [document.slice(0, start), document.slice(start, to), document.slice(to)];
}

/** What names a row: the scenario and the harm, or the fault. */
const nameOf = ({ table, cells }: Row): string => cells.slice(0, table === 'sweep' ? 2 : 1).join(' | ');

/** Names of the rows that the document has. */
function namesIn(document: string, table: Row['table']): readonly string[] {
	const rows = place(document, table)[1].trim().split('\n').slice(2);
	return rows.map((row) => {
		const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
		return nameOf({ table, cells: cells.slice(1) });
	});
}

function readReport(file: string): readonly Row[] {
	const lines = readFileSync(file, 'utf8').split('\n');
	return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

/** The document with the report's rows: in the order that it has them in, what is new comes last. */
function written(document: string, report: readonly Row[]): string {
	let text = document;
	for (const table of ['sweep', 'real'] as const) {
		const [before, , after] = place(text, table);
		const known = namesIn(text, table);
		const rank = (row: Row): number => (known.indexOf(nameOf(row)) + known.length + 1) % (known.length + 1);
		const rows = report.filter((row) => row.table === table).sort((a, b) => rank(a) - rank(b));
		text = `${before}\n${[...HEADS[table], ...rows.map(({ cells }) => markdownOf(cells))].join('\n')}\n${after}`;
	}
	const sum = (at: number): number =>
		report.filter(({ table }) => table === 'sweep').reduce((all, { cells }) => all + Number(cells[at]), 0);
	const [before, , after] = place(text, 'points');
	return `${before}${sum(3)} of ${sum(2)}${after}`;
}

/** What is wrong with the document, or with what was tried. */
function drift(document: string, report: readonly Row[]): readonly string[] {
	const told: string[] = [];
	for (const table of ['sweep', 'real'] as const) {
		const [tried, known] = [
			report.filter((row) => row.table === table).map(nameOf),
			namesIn(document, table),
		];
		told.push(
			...tried
				.filter((name) => !known.includes(name))
				.map((name) => `tried, but not in docs/faults.md: ${name}`),
		);
		told.push(
			...known
				.filter((name) => !tried.includes(name))
				.map((name) => `in docs/faults.md, but not tried: ${name}`),
		);
	}
	const lost = report.filter(({ table, cells }) =>
		table === 'sweep' ? cells[2] !== cells[3] : cells[1] !== 'yes',
	);
	return [...told, ...lost.map((row) => `not survived: ${nameOf(row)}`)];
}

/** Runs the whole suite; its exit code. */
function run(report: string): number {
	const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
	const env = { ...process.env, PODRUN_FAULTS: 'all', PODRUN_FAULTS_REPORT: report };
	const args = [vitest, 'run', '--project', 'fault', '--testTimeout=1800000'];
	return spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' }).status ?? 1;
}

const [mode, file] = process.argv.slice(2);
const document = readFileSync(DOCUMENT, 'utf8');
if (mode === '--check' && file !== undefined) {
	const wrong = drift(document, readReport(file));
	for (const line of wrong) process.stderr.write(`${line}\n`);
	if (wrong.length > 0) process.stderr.write('npm run faults writes the tables of docs/faults.md anew\n');
	process.exitCode = wrong.length > 0 ? 1 : 0;
} else if (mode === '--write' && file !== undefined) {
	writeFileSync(DOCUMENT, written(document, readReport(file)));
} else if (mode === undefined) {
	const folder = mkdtempSync(join(tmpdir(), 'podrun-faults-'));
	const report = join(folder, 'report');
	process.exitCode = run(report);
	// A run that failed has rows missing: the tables stay as they are.
	if (process.exitCode === 0) writeFileSync(DOCUMENT, written(document, readReport(report)));
	rmSync(folder, { recursive: true });
} else {
	process.stderr.write('usage: node scripts/faults.ts [--write REPORT | --check REPORT]\n');
	process.exitCode = 2;
}
