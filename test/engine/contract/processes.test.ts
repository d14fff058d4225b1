/** The contract of `Engine`. What processes say and are told: logs, exec, attach. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { code, collect, eachEngine, logsOf, SLEEP, said } from '../../support/contract.ts';

eachEngine('processes', (s) => {
	describe('logs', () => {
		const talk = {
			script: 'echo one; echo two >&2; echo three; exit 0',
			program: {
				exitAfterMs: 0,
				output: [
					{ stream: 'stdout', text: 'one\n' },
					{ stream: 'stderr', text: 'two\n' },
					{ stream: 'stdout', text: 'three\n' },
				],
			},
		} as const;

		it('gives both streams, one alone, the last lines, and the times', async () => {
			const id = await s.started('talk', talk);
			await s.exited(id);
			const all = await logsOf(s, id);
			expect(said(all, 'stdout')).toBe('one\nthree\n');
			expect(said(all, 'stderr')).toBe('two\n');
			expect(said(await logsOf(s, id, { stderr: false }), 'stderr')).toBe('');
			expect(await logsOf(s, id, { tail: 1 })).toHaveLength(1);
			expect(await logsOf(s, id, { tail: 0 })).toHaveLength(0);
			expect(said(await logsOf(s, id, { timestamps: true, stderr: false, tail: 3 }), 'stdout')).toMatch(
				/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/,
			);
			await expect(logsOf(s, s.name('absent'))).rejects.toEqual(code('NOT_FOUND'));
		});

		it('follows until the container ends', async () => {
			const id = await s.started('follow', {
				script: 'echo up; sleep 0.3; echo down',
				program: { exitAfterMs: 300, output: [{ stream: 'stdout', text: 'up\ndown\n' }] },
			});
			const following = logsOf(s, id, { follow: true });
			await s.exited(id);
			expect(said(await following, 'stdout')).toBe('up\ndown\n');
		});

		it('is cut by its signal', async () => {
			const id = await s.started('cut', SLEEP);
			const abort = new AbortController();
			const following = (async () => {
				for await (const _ of s.engine.logs(id, { follow: true }, abort.signal)) {
					// Nothing is said.
				}
			})();
			abort.abort();
			await expect(following).rejects.toEqual(code('ABORTED'));
		});
	});

	describe('exec', () => {
		it('gives both streams and the exit code', async () => {
			const script = 'echo out; echo err >&2; exit 7';
			const id = await s.started('exec', {
				...SLEEP,
				program: { exec: () => ({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' }) },
			});
			const session = await s.engine.exec(id, { command: ['sh', '-c', script] });
			expect(await collect(session)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
			expect(await session.exitCode).toBe(7);
			expect(session.stdin).toBeUndefined();
		});

		it('passes stdin to its end', async () => {
			const id = await s.started('stdin', SLEEP);
			const session = await s.engine.exec(id, { command: ['cat'], stdin: true });
			const sent = 'grüß '.repeat(50_000);
			session.stdin?.end(sent);
			const { stdout } = await collect(session);
			expect(stdout.length).toBe(sent.length);
			expect(stdout).toBe(sent);
			expect(await session.exitCode).toBe(0);
		});

		it('is refused where nothing runs, and where nothing is', async () => {
			const id = await s.container('noexec', SLEEP);
			await expect(s.engine.exec(id, { command: ['true'] })).rejects.toEqual(code('CONFLICT'));
			await expect(s.engine.exec(s.name('absent'), { command: ['true'] })).rejects.toEqual(code('NOT_FOUND'));
		});

		it('ends with 137 when its container is killed', async () => {
			const id = await s.started('execkill', SLEEP);
			const session = await s.engine.exec(id, { command: ['cat'], stdin: true });
			const running = once(session.stdout, 'data');
			session.stdin?.write('up');
			await running;
			await s.engine.killContainer(id, 'KILL');
			expect(await session.exitCode).toBe(137);
		});

		it('is cut by its signal', async () => {
			const id = await s.started('execcut', SLEEP);
			const abort = new AbortController();
			const session = await s.engine.exec(id, { command: ['cat'], stdin: true }, abort.signal);
			session.stdout.on('error', () => undefined).resume();
			session.stderr.on('error', () => undefined).resume();
			abort.abort();
			await expect(session.exitCode).rejects.toEqual(code('ABORTED'));
		});
	});

	it('attaches to the process of a running container, and to no other', async () => {
		const id = await s.started('attach', SLEEP, { openStdin: true });
		const session = await s.engine.attach(id, { stdin: true, tty: false });
		expect(session.stdin).toBeDefined();
		session.stdout.on('error', () => undefined).resume();
		session.stderr.on('error', () => undefined).resume();
		session.close();
		await expect(s.engine.attach(s.name('absent'), { stdin: false, tty: false })).rejects.toEqual(
			code('NOT_FOUND'),
		);
	});
});
