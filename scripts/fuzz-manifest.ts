/**
 * Fuzzes the reading of manifests for as long as is asked: `node scripts/fuzz-manifest.ts [SECONDS] [FILE…]`.
 * Byte mutations of real manifests (those of examples/ by default) go through the whole of it; a crash, a text
 * that takes long, a refusal without a place or a polluted prototype ends it with the text that did it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadText } from '../src/manifest/load.ts';

const SLOW_MILLISECONDS = 2000;
const INTERESTING = [
	...'{}[]:,&*!|>\'"%@`-?\t\n\r #~<=0.\\',
	'<<: *a',
	'&a ',
	'*a',
	'!!binary ',
	'---\n',
	'...\n',
	'? ',
	'__proto__: ',
	'constructor',
	'0644',
	'yes',
	'1e999',
	'\u0000',
	'\ufeff',
	'😀',
];

const seconds = Number(process.argv[2] ?? 60);
const files = process.argv.slice(3);
if (files.length === 0) {
	const root = new URL('../examples', import.meta.url).pathname;
	for (const entry of await readdir(root, { recursive: true }))
		if (/\.(ya?ml|json)$/.test(entry)) files.push(join(root, entry));
}
const seeds = await Promise.all(files.map((file) => readFile(file, 'utf8')));
if (seeds.length === 0) throw new Error('there is no manifest to begin with');

const random = (below: number): number => Math.floor(Math.random() * below);
const pick = <T>(list: readonly T[], otherwise: T): T => list[random(list.length)] ?? otherwise;

function mutate(seed: string): string {
	let text = seed;
	for (let count = 1 + random(8); count > 0; count -= 1) {
		const at = random(text.length + 1);
		const length = random(4) === 0 ? random(200) : random(6);
		const other = pick(seeds, '');
		const from = random(other.length + 1);
		const put = [
			() => pick(INTERESTING, ''),
			() => '',
			() => String.fromCharCode(random(256)),
			() => text.slice(at, at + length).repeat(1 + random(20)),
			() => other.slice(from, from + random(300)),
		][random(5)]?.();
		text = text.slice(0, at) + (put ?? '') + text.slice(at + length);
	}
	return text.slice(0, 200_000);
}

const started = Date.now();
let runs = 0;
let refused = 0;
let slowest = 0;
while (Date.now() - started < seconds * 1000) {
	const text = mutate(pick(seeds, ''));
	const before = process.cpuUsage();
	let fault: unknown;
	try {
		const { diagnostics } = loadText(text, 'fuzz', { profile: runs % 2 === 0 ? 'local' : 'kubernetes' });
		const lines = text.split('\n').length;
		if (diagnostics.length > 0) refused += 1;
		const lost = diagnostics.find(({ line, column }) => line < 1 || line > lines || column < 1);
		if (lost) fault = new Error(`no place: ${JSON.stringify(lost)}`);
		if (Object.keys(Object.prototype).length > 0) fault = new Error('the prototype of objects was changed');
	} catch (error) {
		fault = error;
	}
	// CPU time: on a busy machine the clock says nothing.
	const { user, system } = process.cpuUsage(before);
	const took = (user + system) / 1000;
	slowest = Math.max(slowest, took);
	if (took > SLOW_MILLISECONDS) fault ??= new Error(`took ${Math.round(took)} ms of CPU time`);
	if (fault) {
		process.stderr.write(
			`${fault instanceof Error ? fault.stack : String(fault)}\n--- the text:\n${JSON.stringify(text)}\n`,
		);
		process.exit(1);
	}
	runs += 1;
}
const heap = Math.round(process.memoryUsage().heapUsed / 1024 / 1024);
process.stdout.write(
	`${runs} texts, ${refused} with faults, the slowest ${Math.round(slowest)} ms, heap ${heap} MiB: all well\n`,
);
