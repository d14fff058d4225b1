/** What may happen to a pod from outside on a real engine: killed, removed, robbed of its network, rebooted. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { docker, engineContainers, killContainer } from '../support/checks.ts';
import { BUSYBOX, engineId, holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { alive, eventually, scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const run = promisify(execFile);
const seen: (readonly [string, string])[] = [];
const survived = (fault: string, told: string): void => {
	seen.push([fault, told]);
};

afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

const ready = (pod: Pod): boolean => holds(pod, 'Ready');
const restarts = (pod: Pod, name: string): number => statusOf(pod, name).restartCount;

describe('a pod that is meddled with', () => {
	const s = scenario('meddled', { PODRUN_MAX_RESTART_BACKOFF: '1s' });

	async function victim(): Promise<Pod> {
		return s.until('victim', ready);
	}

	/** One of each runs, and nothing else does. */
	async function tidy(): Promise<void> {
		await eventually(async () => {
			const running = (await engineContainers(s.instance, 'victim')).filter(({ running }) => running);
			return (
				running
					.map(({ container }) => container)
					.sort()
					.join() === 'POD,a,b'
			);
		});
	}

	test('comes up', async () => {
		await s.apply(pod('victim', { containers: [server('a'), server('b')] }));
		await victim();
	});

	test.each(['a', 'POD'])('kill -9 of %s', async (name) => {
		const before = await victim();
		const [target] = (await engineContainers(s.instance, 'victim')).filter(
			(c) => c.container === name && c.running,
		);
		await killContainer(target?.id ?? '');
		const after = await s.until(
			'victim',
			(pod) => ready(pod) && engineId(pod, 'a') !== engineId(before, 'a'),
		);
		expect(after.status?.podIP).toBe(before.status?.podIP);
		expect(restarts(after, 'a')).toBe(restarts(before, 'a') + 1);
		if (name === 'a') expect(engineId(after, 'b')).toBe(engineId(before, 'b'));
		await tidy();
		survived(
			name === 'a' ? 'kill -9 of a container' : 'kill -9 of the pause',
			name === 'a'
				? 'RESTARTS goes up by one, the others run on'
				: 'event SandboxChanged, all containers restart, same IP',
		);
	});

	test.each(['a', 'POD'])('docker rm -f of %s', async (name) => {
		const before = await victim();
		const [target] = (await engineContainers(s.instance, 'victim')).filter(
			(c) => c.container === name && c.running,
		);
		await docker.getContainer(target?.id ?? '').remove({ force: true });
		const after = await s.until(
			'victim',
			(pod) => ready(pod) && engineId(pod, 'a') !== engineId(before, 'a'),
		);
		expect(after.status?.podIP).toBe(before.status?.podIP);
		expect(restarts(after, 'a')).toBeGreaterThanOrEqual(restarts(before, 'a'));
		await tidy();
		survived(
			name === 'a' ? '`docker rm -f` of a container' : '`docker rm -f` of the pause',
			name === 'a' ? 'it is made anew, the others run on' : 'a new sandbox with the same IP',
		);
	});

	test('docker rm -f of everything at once, as after a reboot', async () => {
		const before = await victim();
		const info = await s.supervisor();
		process.kill(info?.pid ?? 0, 'SIGKILL');
		await eventually(() => !alive(info?.pid ?? 0));
		for (const { id } of await engineContainers(s.instance, 'victim')) {
			await docker.getContainer(id).remove({ force: true });
		}
		await s.ok('get', 'pods');
		const after = await s.until(
			'victim',
			(pod) => ready(pod) && engineId(pod, 'a') !== engineId(before, 'a'),
		);
		expect(after.metadata.uid).toBe(before.metadata.uid);
		expect(after.status?.podIP).toBe(before.status?.podIP);
		await tidy();
		survived(
			'reboot: state on disk, all containers gone',
			'the next command brings the pods back, same uid and IP',
		);
	});

	test('its network removed', async () => {
		const before = await victim();
		const name = `podrun-${s.instance}`;
		const [pause] = (await engineContainers(s.instance, 'victim')).filter(
			(c) => c.container === 'POD' && c.running,
		);
		await docker.getNetwork(name).disconnect({ Container: pause?.id ?? '', Force: true });
		await docker.getNetwork(name).remove();
		const after = await s.until(
			'victim',
			(pod) => ready(pod) && engineId(pod, 'a') !== engineId(before, 'a'),
		);
		expect(after.status?.podIP).toBe(before.status?.podIP);
		await tidy();
		survived('its network removed', 'the network is made anew, a new sandbox with the same IP');
	});

	test('addresses of its network taken by somebody else, also one that a pod had before a reboot', async () => {
		const network = `podrun-${s.instance}`;
		const others: string[] = [];
		const stranger = async (name: string, ip?: string): Promise<void> => {
			const made = await docker.createContainer({
				name: `${s.instance}-${name}`,
				Image: BUSYBOX,
				Cmd: ['sleep', '600'],
				HostConfig: { NetworkMode: network },
				...(ip === undefined
					? {}
					: { NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: ip } } } } }),
			});
			others.push(made.id);
			await made.start();
		};
		try {
			for (const name of ['one', 'two']) await stranger(name);
			await s.apply(pod('late', { terminationGracePeriodSeconds: 0, containers: [server('a')] }));
			const before = await s.until('late', ready);
			const info = await s.supervisor();
			process.kill(info?.pid ?? 0, 'SIGKILL');
			await eventually(() => !alive(info?.pid ?? 0));
			for (const { id } of await engineContainers(s.instance, 'late')) {
				await docker.getContainer(id).remove({ force: true });
			}
			await stranger('three', before.status?.podIP);
			const after = await s.until(
				'late',
				(pod) => ready(pod) && engineId(pod, 'a') !== engineId(before, 'a'),
			);
			expect(after.status?.podIP).not.toBe(before.status?.podIP);
			expect(after.metadata.uid).toBe(before.metadata.uid);
			const { Containers } = await docker.getNetwork(network).inspect();
			const inUse = Object.values(Containers ?? {}).map((one) => one.IPv4Address.split('/')[0]);
			expect(inUse).toContain(after.status?.podIP);
			const told = await s.events('late');
			expect(told.filter(({ type }) => type === 'Warning')).toEqual([]);
			survived(
				'addresses of its network taken by somebody else’s containers',
				'nothing: the next free one is taken; a pod that returns to find its own taken has another one, and its status says so',
			);
		} finally {
			for (const id of others) await docker.getContainer(id).remove({ force: true });
			await s.ok('delete', 'pod', 'late', '--ignore-not-found');
		}
	});

	test('its image deleted', async () => {
		const tag = `podrun-fault-${process.pid}:1`;
		const [repo = '', version = ''] = tag.split(':');
		await docker.getImage(BUSYBOX).tag({ repo, tag: version });
		try {
			await s.apply(
				pod('imageless', { containers: [server('a', { image: tag, imagePullPolicy: 'Never' })] }),
			);
			const before = await s.until('imageless', ready);
			await docker.getImage(tag).remove({ force: true });
			await killContainer(engineId(before, 'a'));
			await s.until('imageless', (pod) => statusOf(pod, 'a').state?.waiting?.reason === 'ErrImageNeverPull');
			await docker.getImage(BUSYBOX).tag({ repo, tag: version });
			await s.until('imageless', ready);
			survived(
				'its image deleted',
				'runs on; at the next restart ErrImageNeverPull (imagePullPolicy Never) until it is back',
			);
		} finally {
			await s.ok('delete', 'pod', 'imageless', '--grace-period=0');
			await docker.getImage(tag).remove({ force: true });
		}
	});

	test('SIGHUP of the terminal', async () => {
		const info = await s.supervisor();
		process.kill(info?.pid ?? 0, 'SIGHUP');
		expect((await s.supervisor())?.pid).toBe(info?.pid);
		survived('SIGHUP of the terminal', 'nothing');
	});

	test('a lock and a socket of nobody, and rubbish in them', async () => {
		const info = await s.supervisor();
		process.kill(info?.pid ?? 0, 'SIGKILL');
		await eventually(() => !alive(info?.pid ?? 0));
		for (const text of [
			'',
			'{"pid":1}',
			'\0\0',
			JSON.stringify({ pid: process.pid, began: 'never', version: '0' }),
		]) {
			writeFileSync(`${info?.stateFolder}/supervisor.lock`, text);
			expect(await s.ok('get', 'pods')).toMatch(/^victim +2\/2 +Running/m);
			const next = await s.supervisor();
			process.kill(next?.pid ?? 0, 'SIGKILL');
			await eventually(() => !alive(next?.pid ?? 0));
		}
		survived('stale or broken lock and socket', 'the next command takes over');
	});

	test('six commands race to start the supervisor', async () => {
		const all = await Promise.all(Array.from({ length: 6 }, () => s.podrun('get', 'pods')));
		for (const { code, out, err } of all)
			expect({ code, out, err }).toMatchObject({ code: 0, out: expect.stringContaining('victim') });
		const { stdout } = await run('pgrep', ['-f', 'supervise']);
		const mine: string[] = [];
		for (const pid of stdout.trim().split('\n')) {
			const environ = await run('cat', [`/proc/${pid}/environ`]).catch(() => ({ stdout: '' }));
			if (environ.stdout.includes(`PODRUN_INSTANCE=${s.instance}\0`)) mine.push(pid);
		}
		expect(mine).toHaveLength(1);
		survived('two supervisors racing to start', 'one wins, all commands are answered');
	});

	test('two users apply and delete the same pod at once', async () => {
		const manifest = s.manifest(
			'race',
			pod('race', { terminationGracePeriodSeconds: 0, containers: [server('a')] }),
		);
		for (let round = 0; round < 3; round += 1) {
			const told = await Promise.all([
				s.podrun('apply', '-f', manifest),
				s.podrun('delete', 'pod', 'race', '--ignore-not-found', '--grace-period=0', '--force'),
				s.podrun('apply', '-f', manifest),
				s.podrun('delete', '-f', manifest, '--ignore-not-found'),
			]);
			for (const { err } of told) expect(err).not.toMatch(/at .*\.[jt]s:\d+/);
		}
		await s.ok('delete', '-f', manifest, '--ignore-not-found');
		await s.untilGone('race');
		expect(await engineContainers(s.instance, 'race')).toEqual([]);
		await s.apply(pod('race', { terminationGracePeriodSeconds: 0, containers: [server('a')] }));
		await s.until('race', ready);
		expect((await engineContainers(s.instance, 'race')).filter((c) => c.running)).toHaveLength(2);
		await s.ok('delete', 'pod', 'race');
		survived(
			'two CLIs applying and deleting the same pod',
			'each hears what became of its request; nothing double, nothing left',
		);
	});

	test('doctor finds nothing; after the state was lost it finds orphans, and prune removes them', async () => {
		expect(await s.ok('doctor')).toMatch(/ok +leftovers/);
		const info = await s.supervisor();
		await s.ok('supervisor', 'stop');
		await run('rm', ['-rf', `${info?.stateFolder}/objects`]);
		const told = await s.podrun('doctor');
		expect(told.code).toBe(0);
		expect(told.out).toMatch(/warning +leftovers .*container .*victim/);
		expect(told.out).toContain('podrun prune');
		expect(await s.ok('prune', '--dry-run')).toMatch(/would be removed/);
		expect(await engineContainers(s.instance, 'victim')).not.toEqual([]);
		expect(await s.ok('prune')).toMatch(/container\/.*victim.* removed \(pod default\/victim\)/);
		expect(await engineContainers(s.instance, 'victim')).toEqual([]);
		expect(await s.ok('doctor')).toMatch(/ok +leftovers/);
		survived(
			'state folder lost',
			'pods run on without an owner; `podrun doctor` names them, `podrun prune` removes them',
		);
	});
});

describe('containers that misbehave', () => {
	const s = scenario('misbehave', { PODRUN_MAX_RESTART_BACKOFF: '1s', PODRUN_PIDS_LIMIT: '200' });

	test('lines of 64 KB and bytes that are no text come out as they went in', async () => {
		const script =
			'for i in 1 2 3 4 5; do head -c 65536 /dev/zero | tr "\\0" x; echo; done; i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done; echo';
		await s.apply(pod('loud', { restartPolicy: 'Never', containers: [sh('main', script)] }));
		await s.until('loud', (pod) => pod.status?.phase === 'Succeeded');
		const done = await s.pod('loud');
		// What the engine has kept: its own log file turns bytes that are no text into U+FFFD.
		const kept = await run('docker', ['logs', done === undefined ? '' : engineId(done, 'main')], {
			encoding: 'buffer',
			maxBuffer: 2 ** 22,
		});
		const { stdout } = await run(
			process.execPath,
			[process.env['PODRUN_BIN'] ?? 'dist/podrun.js', 'logs', 'loud'],
			{
				env: s.env,
				encoding: 'buffer',
				maxBuffer: 2 ** 22,
			},
		);
		const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
		expect(stdout.subarray(0, 65537).toString()).toBe(`${'x'.repeat(65536)}\n`);
		expect(hash(stdout)).toBe(hash(kept.stdout));
		survived('64 KB lines and binary logs', 'byte for byte what the engine keeps');
	});

	test('one that forks without end is held at its limit, and can be deleted', async () => {
		await s.apply(
			pod('bomb', {
				terminationGracePeriodSeconds: 1,
				containers: [sh('main', 'while true; do sleep 1000 & done')],
			}),
			pod('neighbour', { containers: [server('a')] }),
		);
		await s.until('neighbour', ready);
		const bomb = await s.until(
			'bomb',
			(pod) => statusOf(pod, 'main').state?.running !== undefined || restarts(pod, 'main') > 0,
		);
		const { HostConfig } = await docker.getContainer(engineId(bomb, 'main')).inspect();
		expect(HostConfig.PidsLimit).toBe(200);
		await s.ok('delete', 'pod', 'bomb');
		expect(restarts(await s.until('neighbour', ready), 'a')).toBe(0);
		survived(
			'a fork bomb',
			'held at PODRUN_PIDS_LIMIT (200 here, 4096 by default); others run on, it can be deleted',
		);
	});

	test('one that takes more memory than its limit is killed, and nobody else', async () => {
		await s.apply(
			pod('greedy', {
				restartPolicy: 'Never',
				containers: [
					sh('main', 'tail /dev/zero', { resources: { limits: { memory: '32Mi' } } }),
					server('other'),
				],
			}),
		);
		const last = await s.until('greedy', (pod) => statusOf(pod, 'main').state?.terminated !== undefined);
		expect(statusOf(last, 'main').state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
		expect(statusOf(last, 'other').state?.running).toBeDefined();
		await s.ok('delete', 'pod', 'greedy');
		survived('a container that fills its memory', 'OOMKilled, exit code 137; its neighbours run on');
	});

	test('one that ignores SIGTERM ends when its grace is over', async () => {
		await s.apply(
			pod('deaf', {
				terminationGracePeriodSeconds: 1,
				containers: [sh('main', 'trap "" TERM; while true; do sleep 1; done')],
			}),
		);
		await s.until('deaf', ready);
		const ran = await s.podrun('delete', 'pod', 'deaf');
		expect(ran.code).toBe(0);
		survived('a container that ignores SIGTERM', 'killed when its grace period is over');
	});
});
