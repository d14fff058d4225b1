/**
 * Writes the README's section on what podrun makes of a Pod's fields, from the table that the loader uses:
 * between the two markers below. With --check nothing is written, and the exit code is 1 if it is stale.
 *
 * Honoured fields are only counted there; `podrun explain --support` lists them all.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { type SupportRow, supportRows } from '../src/manifest/support.ts';
import { KIND_SUPPORT } from '../src/manifest/support-table.ts';

const BEGIN = '<!-- support table: made by scripts/generate-support.ts -->';
const END = '<!-- end of the support table -->';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Fields of one reason under one parent share a row, or the cloud volumes would fill a page. */
function section(title: string, rows: readonly SupportRow[]): string {
	const byNote = new Map<string, string[]>();
	for (const { path, note } of rows) {
		const parent = path.slice(0, path.lastIndexOf('.') + 1);
		const key = `${parent}\n${note}`;
		byNote.set(key, [...(byNote.get(key) ?? []), path]);
	}
	const lines = [...byNote].map(([key, paths]) => {
		const [parent = '', note = ''] = key.split('\n');
		const names = paths.map((path, index) => `\`${index === 0 ? path : path.slice(parent.length)}\``);
		return `| ${names.join(', ')} | ${cell(note)} |`;
	});
	return `**${title}**\n\n| Field | |\n|---|---|\n${lines.join('\n')}\n`;
}

const rows = supportRows();
const of = (level: SupportRow['level']): SupportRow[] => rows.filter((row) => row.level === level);
const kinds = Object.entries(KIND_SUPPORT).map(([kind, { note }]) => (note ? `${kind} (${note})` : kind));
const text = [
	BEGIN,
	'',
	`Kinds: ${kinds.join(', ')}; and Lists of them.`,
	'',
	`Of the ${rows.length} fields of a Pod, ${of('honoured').length} are honoured as Kubernetes documents them. The others:`,
	'',
	section('Approximated', of('approximated')),
	section('Ignored, with a warning', of('ignored')),
	section('Refused', of('refused')),
	END,
].join('\n');

const target = new URL('../README.md', import.meta.url);
const readme = await readFile(target, 'utf8');
const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
if (from < 0 || to < from) {
	process.stderr.write(
		`README.md has no place for the support table: put these two lines where it belongs\n${BEGIN}\n${END}\n`,
	);
	process.exitCode = 1;
} else {
	const next = readme.slice(0, from) + text + readme.slice(to + END.length);
	if (process.argv.includes('--check')) {
		if (next !== readme) {
			process.stderr.write('the support table of README.md is stale: run npm run generate\n');
			process.exitCode = 1;
		}
	} else await writeFile(target, next);
}
