/** The supervisor's log: a line of JSON for each entry, and a bound for what it takes on the disk. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLogFile } from '../../../src/apiserver/log-file.ts';
import { EngineError } from '../../../src/engine/engine.ts';
import { createLog } from '../../../src/supervisor/log.ts';

function logged(level: 'info' | 'debug', say: (log: ReturnType<typeof createLog>) => void): string[] {
	const lines: string[] = [];
	say(createLog((line) => lines.push(line), level));
	return lines;
}

it('writes one line of JSON an entry, whatever is in it', () => {
	const [line = '', ...more] = logged('info', (log) =>
		log.info('failed', { pod: 'a\nb', error: '\u001b[2J', n: 1 }),
	);
	expect(more).toEqual([]);
	expect(line.endsWith('}\n')).toBe(true);
	for (const char of ['\n', '\u001b']) expect(line.slice(0, -1)).not.toContain(char);
	expect(JSON.parse(line)).toMatchObject({ level: 'info', message: 'failed', pod: 'a\nb', n: 1 });
});

it('tells debug entries when asked only', () => {
	expect(logged('info', (log) => log.debug('begin'))).toEqual([]);
	expect(logged('debug', (log) => log.debug('begin'))).toHaveLength(1);
});

it('tells an error by its message and cause, never by what hangs on it', () => {
	const cause = new Error('because');
	const error = Object.assign(new EngineError('UNKNOWN', 'it failed', { cause }), {
		options: { env: ['TOKEN=hunter2'] },
	});
	const [line = ''] = logged('info', (log) => log.warn('failed', { error }));
	expect(JSON.parse(line)).toMatchObject({ error: 'it failed: because' });
	expect(line).not.toContain('hunter2');
});

it('tells no password of a URL', () => {
	const [line = ''] = logged('info', (log) =>
		log.info('start', {
			engine: 'tcp://me:hunter2@host:2375',
			error: new EngineError('UNKNOWN', 'proxy http://:hunter2@p/'),
		}),
	);
	expect(line).not.toContain('hunter2');
	expect(line).toContain('tcp://me:***@host:2375');
});

it('cuts what an engine has too much to say', () => {
	const [line = ''] = logged('info', (log) => log.info('failed', { error: 'x'.repeat(1_000_000) }));
	expect(line.length).toBeLessThan(10_000);
	expect(JSON.parse(line).error).toMatch(/x… \(\d+ characters more\)$/);
});

it('keeps two files within its bound, whole lines in both, for this user only', () => {
	const folder = mkdtempSync(join(tmpdir(), 'podrun-log-'));
	try {
		const path = join(folder, 'supervisor.log');
		const write = openLogFile(path, 10_000);
		for (let i = 0; i < 1_000; i += 1) write(`{"n":${i}}\n`);
		for (let i = 1_000; i < 3_000; i += 1) write(`{"n":${i},"text":"${'x'.repeat(100)}"}\n`);
		expect(readdirSync(folder).sort()).toEqual(['supervisor.log', 'supervisor.log.1']);
		const texts = [readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')];
		for (const text of texts) expect(text.length).toBeLessThanOrEqual(10_000);
		const told = texts
			.join('')
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line).n);
		expect(told.at(-1)).toBe(2_999);
		expect(told).toEqual(told.map((_, i) => told[0] + i));
		expect(statSync(path).mode & 0o777).toBe(0o600);
		// Another supervisor goes on where this one ended.
		openLogFile(path, 10_000)('{"n":3000}\n');
		expect(readFileSync(path, 'utf8')).toMatch(/"n":2999,.*\n\{"n":3000\}\n$/);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
