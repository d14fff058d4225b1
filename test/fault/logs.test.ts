/** 200 MB of logs through the supervisor and the CLI: every byte comes, and neither holds more than a little of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUSYBOX, pod, sh, statusOf } from '../support/manifests.ts';
import { ownEngine } from '../support/own-engine.ts';
import { forgetPeak, memoryOf, peakOf } from '../support/raw-http.ts';
import { eventually, type Running, scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const MB = 1024 * 1024;
/** Each line is 8 KiB with its newline. */
const LINES = 25_600;
const BYTES = LINES * 8192;
/** What may be held at most, whatever the log's length. */
const BOUND = 100 * MB;

const seen: (readonly [string, string])[] = [];
afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

/** Writes so many lines, then a last one. */
const flood = (lines: number) =>
	`yes "$(head -c 8191 /dev/zero | tr '\\0' x)" | head -n ${lines}; echo the end`;

/** Reads what podrun writes as fast as `pace` allows, until `enough` bytes; the peaks of both processes. */
async function read(
	running: Running,
	pid: number,
	enough = Number.POSITIVE_INFINITY,
	pace?: () => Promise<void>,
): Promise<{ bytes: number; supervisor: number; cli: number }> {
	const { child } = running;
	const before = memoryOf(pid);
	forgetPeak(pid);
	const { stdout } = child;
	if (stdout === null || child.pid === undefined) throw new Error('podrun did not start');
	// Its own collector would keep all of it.
	stdout.removeAllListeners('data');
	stdout.pause();
	stdout.setEncoding('latin1');
	let [bytes, cli] = [0, 0];
	for await (const chunk of stdout) {
		bytes += (chunk as string).length;
		cli = Math.max(cli, peak(child.pid) ?? cli);
		if (bytes >= enough) break;
		await pace?.();
	}
	return { bytes, supervisor: peakOf(pid) - before, cli };
}

/** Undefined once it has ended. */
function peak(of: number): number | undefined {
	try {
		const found = peakOf(of);
		return Number.isNaN(found) ? undefined : found;
	} catch {
		return undefined;
	}
}

describe('200 MB', () => {
	const s = scenario('logs', { PODRUN_MAX_RESTART_BACKOFF: '1s' });
	let pid = 0;

	beforeAll(async () => {
		const marked = `if [ ! -e /mark/1 ]; then touch /mark/1; ${flood(3_200)}; exit 1; fi`;
		const stay = "trap 'exit 0' TERM; sleep 3600 & wait";
		await s.apply(
			pod('loud', {
				volumes: [{ name: 'mark', emptyDir: {} }],
				containers: [
					sh('steady', `${flood(LINES)}; ${stay}`),
					sh('crashed', `${marked}; echo again; ${stay}`, {
						volumeMounts: [{ name: 'mark', mountPath: '/mark' }],
					}),
					sh('endless', `head -c ${64 * MB} /dev/zero | tr '\\0' x; ${stay}`),
				],
			}),
		);
		await eventually(async () => (await s.ok('logs', 'loud', '-c', 'steady', '--tail=1')) === 'the end\n', {
			within: 120_000,
		});
		await s.until('loud', (pod) => statusOf(pod, 'crashed').restartCount === 1);
		pid = (await s.supervisor())?.pid ?? 0;
	});

	test('whole', async () => {
		const running = s.start('logs', 'loud', '-c', 'steady');
		const { bytes, supervisor, cli } = await read(running, pid);
		expect(bytes).toBe(BYTES + 'the end\n'.length);
		expect((await running.ended).code).toBe(0);
		expect(supervisor).toBeLessThan(BOUND);
		// A CLI without anything to do takes some 60 MB.
		expect(cli).toBeLessThan(60 * MB + BOUND);
		seen.push(['200 MB of logs, whole', 'every byte; supervisor and CLI grow by less than 100 MB']);
	});

	test('followed by a reader that takes its time', async () => {
		const running = s.start('logs', 'loud', '-c', 'steady', '-f');
		const { bytes, supervisor, cli } = await read(
			running,
			pid,
			6 * MB,
			() => new Promise((go) => setTimeout(go, 40)),
		);
		running.child.kill('SIGKILL');
		expect(bytes).toBeGreaterThanOrEqual(6 * MB);
		expect(supervisor).toBeLessThan(BOUND);
		expect(cli).toBeLessThan(60 * MB + BOUND);
		seen.push([
			'200 MB of logs, followed by a slow reader',
			'held back at the engine; supervisor and CLI grow by less than 100 MB',
		]);
	});

	test('its end alone', async () => {
		const ran = await s.podrun('logs', 'loud', '-c', 'steady', '--tail=3');
		expect(ran.out.split('\n').map((line) => line.length)).toEqual([8191, 8191, 7, 0]);
		const limited = await s.podrun('logs', 'loud', '-c', 'steady', '--limit-bytes=10000');
		expect(limited.out).toHaveLength(10_000);
	});

	test('of the attempt before', async () => {
		const running = s.start('logs', 'loud', '-c', 'crashed', '--previous');
		const { bytes } = await read(running, pid);
		expect(bytes).toBe(3_200 * 8192 + 'the end\n'.length);
		expect((await s.ok('logs', 'loud', '-c', 'crashed')).trim()).toBe('again');
		seen.push(['25 MB of logs of a container that has crashed', '`logs --previous` has every byte']);
	});

	test('a line of 64 MB without an end, with a prefix', async () => {
		const running = s.start('logs', 'loud', '-c', 'endless', '--prefix');
		const { bytes, supervisor, cli } = await read(running, pid);
		expect(bytes).toBeGreaterThan(64 * MB);
		expect(bytes).toBeLessThan(65 * MB);
		expect(supervisor).toBeLessThan(BOUND);
		expect(cli).toBeLessThan(60 * MB + BOUND);
		seen.push(['a log line of 64 MB', '`logs` as it is; with --prefix cut after each MiB']);
	});
});

describe('an engine that rotates its logs at 1 MB', () => {
	const log = { 'log-driver': 'json-file', 'log-opts': { 'max-size': '1m', 'max-file': '2' } };
	const engine = ownEngine({ images: [BUSYBOX], config: log });
	const s = scenario('rotated', { DOCKER_HOST: engine.address });

	test('what is kept is shown, and who follows gets to the end', async () => {
		const go = 'until [ -e /tmp/go ]; do usleep 50000; done';
		const write =
			'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; done';
		await s.apply(
			pod('rotating', {
				terminationGracePeriodSeconds: 0,
				containers: [sh('main', `echo begin; ${go}; ${write}; echo the end; sleep 3600`)],
			}),
		);
		await s.until('rotating', (pod) => statusOf(pod, 'main').state?.running !== undefined);
		const follower = s.start('logs', 'rotating', '-f');
		await eventually(() => follower.out().includes('begin'));
		await s.ok('exec', 'rotating', '--', 'touch', '/tmp/go');
		await eventually(() => follower.out().includes('the end\n'));
		follower.child.kill('SIGKILL');
		const kept = (await s.ok('logs', 'rotating')).trim().split('\n');
		expect(kept.at(-1)).toBe('the end');
		// What is kept has no gap; what came first is gone.
		const numbers = kept.slice(0, -1).map((line) => Number(line.split(' ')[1]));
		expect(numbers[0]).toBeGreaterThan(1);
		expect(numbers).toEqual(numbers.map((_, i) => 20_001 - numbers.length + i));
		expect(await s.ok('logs', 'rotating', '--tail=2')).toMatch(/^line 20000 x+\nthe end\n$/);
		seen.push([
			'an engine that rotates its logs (max-size)',
			'what it keeps is shown; `logs -f` goes on across the change of files',
		]);
	});
});
