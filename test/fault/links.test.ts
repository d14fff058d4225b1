/**
 * Symbolic links that containers put into volumes, archives and messages to lead podrun out of them, also at the
 * instant between a look and a deed: nothing outside is read, written or made.
 */
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tar } from '../../src/api/tar.ts';
import type { Pod } from '../../src/api/types.ts';
import { docker } from '../support/checks.ts';
import { holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { forgetPeak, memoryOf, peakOf } from '../support/raw-http.ts';
import { eventually, scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const MB = 1024 * 1024;
const MARK = 'of the machine, none of a pod’s business';
const seen: (readonly [string, string])[] = [];
afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

const s = scenario('links', { PODRUN_MAX_RESTART_BACKOFF: '1s' });
let outside = '';

beforeEach(() => {
	outside = mkdtempSync(join(tmpdir(), 'podrun-outside-'));
	writeFileSync(join(outside, 'mark'), MARK);
});
afterEach(() => {
	const found = readdirSync(outside);
	const text = readFileSync(join(outside, 'mark'), 'utf8');
	rmSync(outside, { recursive: true });
	expect(found).toEqual(['mark']);
	expect(text).toBe(MARK);
});

const reason = (pod: Pod, name: string): string => statusOf(pod, name).state?.waiting?.reason ?? '';

describe('subPath', () => {
	test('of a link that leads out of an emptyDir, a claim, a host path', async () => {
		const host = mkdtempSync(join(tmpdir(), 'podrun-host-'));
		symlinkSync(outside, join(host, 'link'));
		try {
			const names = ['scratch', 'claim', 'host'];
			const mounts = names.map((name) => ({ name, mountPath: `/${name}` }));
			const victims = names.map((name) =>
				sh(name, 'cat /x/mark; touch /x/written; sleep 3600', {
					volumeMounts: [{ name, mountPath: '/x', subPath: 'link' }],
				}),
			);
			await s.apply(
				{
					apiVersion: 'v1',
					kind: 'PersistentVolumeClaim',
					metadata: { name: 'kept' },
					spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
				} as never,
				pod('static', {
					volumes: [
						{ name: 'scratch', emptyDir: {} },
						{ name: 'claim', persistentVolumeClaim: { claimName: 'kept' } },
						{ name: 'host', hostPath: { path: host } },
					],
					initContainers: [
						sh('attacker', `for v in scratch claim; do ln -s ${outside} /$v/link; done`, {
							volumeMounts: mounts,
						}),
					],
					containers: victims,
				}),
			);
			const last = await s.until('static', (pod) =>
				names.every((name) => reason(pod, name) === 'CreateContainerConfigError'),
			);
			for (const name of names) {
				expect(statusOf(last, name).state?.waiting?.message).toContain('leads out of the volume');
			}
			await s.ok('delete', 'pod', 'static');
			seen.push([
				'subPath of a link that leads out of its volume',
				'`CreateContainerConfigError`, the message names the link',
			]);
		} finally {
			rmSync(host, { recursive: true });
		}
	});

	test('of a folder that becomes a link after it was looked at', async () => {
		// As long a folder as a link, so that a look and the mount after it often see different things.
		const swap = `while true; do mkdir -p /v/a; usleep 700000; rm -rf /v/a; ln -s ${outside} /v/a; usleep 400000; rm -f /v/a; done`;
		const victim = 'cat /x/mark /x/../mark > /dev/termination-log; touch /x/written; exit 1';
		const victims = ['a', 'a', 'a/made/here'].map((subPath, i) =>
			sh(`victim-${i}`, victim, { volumeMounts: [{ name: 'scratch', mountPath: '/x', subPath }] }),
		);
		await s.apply(
			pod('race', {
				terminationGracePeriodSeconds: 0,
				volumes: [{ name: 'scratch', emptyDir: {} }],
				containers: [
					sh('attacker', swap, { volumeMounts: [{ name: 'scratch', mountPath: '/v' }] }),
					...victims,
				],
			}),
		);
		const messages = new Set<string>();
		await s.until(
			'race',
			(pod) => {
				for (const { name } of victims) {
					const { state, lastState } = statusOf(pod, name);
					for (const ended of [state?.terminated, lastState?.terminated]) messages.add(ended?.message ?? '');
				}
				return victims.reduce((all, { name }) => all + statusOf(pod, name).restartCount, 0) >= 10;
			},
			{ within: 120_000 },
		);
		await s.ok('delete', 'pod', 'race');
		expect([...messages].join()).not.toContain(MARK);
		const filters = { label: [`podrun.dev/instance=${s.instance}`] };
		await eventually(async () =>
			((await docker.listVolumes({ filters })).Volumes ?? []).every(({ Name }) => !Name.includes('pinned')),
		);
		seen.push([
			'subPath of a folder that becomes a link between podrun’s look and the engine’s mount',
			'the folder that was looked at is mounted, or the attempt fails; nothing is made or read outside',
		]);
	});

	test('a folder that was held for a container is held by the next supervisor too', async () => {
		await s.apply(
			pod('held', {
				volumes: [{ name: 'scratch', emptyDir: {} }],
				containers: [
					server('main', { volumeMounts: [{ name: 'scratch', mountPath: '/x', subPath: 'kept' }] }),
				],
			}),
		);
		await s.until('held', (pod) => holds(pod, 'Ready'));
		await s.ok('exec', 'held', '--', 'sh', '-c', 'echo here > /x/file');
		await s.ok('supervisor', 'stop');
		expect(await s.ok('exec', 'held', '--', 'cat', '/x/file')).toBe('here\n');
		await s.ok('restart', 'held');
		await s.until('held', (pod) => holds(pod, 'Ready') && statusOf(pod, 'main').restartCount >= 1);
		expect(await s.ok('exec', 'held', '--', 'cat', '/x/file')).toBe('here\n');
		await s.ok('delete', 'pod', 'held');
	});
});

describe('termination messages', () => {
	test('in a volume, where another container has put a link', async () => {
		const volumeMounts = [{ name: 'scratch', mountPath: '/v' }];
		await s.apply(
			pod('message', {
				restartPolicy: 'Never',
				volumes: [{ name: 'scratch', emptyDir: {} }],
				initContainers: [
					sh('attacker', `ln -s ${outside}/mark /v/log; ln -s ${outside}/made /v/other`, { volumeMounts }),
				],
				containers: ['log', 'other'].map((name) =>
					sh(name, `echo mine > /v/${name}; exit 1`, { volumeMounts, terminationMessagePath: `/v/${name}` }),
				),
			}),
		);
		const last = await s.until('message', (pod) => pod.status?.phase === 'Failed');
		expect(JSON.stringify(last.status)).not.toContain(MARK);
		await s.ok('delete', 'pod', 'message');
		seen.push([
			'a termination message path that is a link to a file of the machine',
			'the file is neither read nor written',
		]);
	});

	test('of a gigabyte', async () => {
		const pid = (await s.supervisor())?.pid ?? 0;
		const before = memoryOf(pid);
		forgetPeak(pid);
		const script = 'truncate -s 1G /dev/termination-log; echo the end >> /dev/termination-log; exit 1';
		await s.apply(pod('long', { restartPolicy: 'Never', containers: [sh('main', script)] }));
		const last = await s.until('long', (pod) => pod.status?.phase === 'Failed');
		const message = statusOf(last, 'main').state?.terminated?.message ?? '';
		expect(message.endsWith('the end\n')).toBe(true);
		expect(message.length).toBeLessThanOrEqual(4096);
		expect(peakOf(pid) - before).toBeLessThan(100 * MB);
		await s.ok('delete', 'pod', 'long');
		seen.push([
			'a termination message of 1 GB',
			'its last 4096 bytes are told, as by a kubelet; memory stays',
		]);
	});
});

describe('cp', () => {
	test('a link in an archive, and a file through it', async () => {
		const entry = { mode: 0o755, uid: 0, gid: 0 } as const;
		const archive = tar(
			[
				{ ...entry, path: 'x', type: 'directory' },
				{ ...entry, path: 'x/link', type: 'symlink', target: outside },
				{ ...entry, path: 'x/link/mark', type: 'file', content: Buffer.from('evil') },
				{ ...entry, path: 'x/link/made', type: 'file', content: Buffer.from('evil') },
				{ ...entry, path: 'x/../../made', type: 'file', content: Buffer.from('evil') },
				{ ...entry, path: join(outside, 'made'), type: 'file', content: Buffer.from('evil') },
			],
			0,
		).toString('base64');
		const script = [
			`echo ${archive} | base64 -d > /archive`,
			'printf "#!/bin/sh\\ncat /archive\\n" > /evil; chmod +x /evil; rm /bin/tar; cp /evil /bin/tar',
			'trap "exit 0" TERM; sleep 3600 & wait',
		].join('; ');
		await s.apply(pod('evil', { containers: [sh('main', script)] }));
		await s.until('evil', (pod) => holds(pod, 'Ready'));
		await s.ok(
			'exec',
			'evil',
			'--',
			'sh',
			'-c',
			'until [ -x /bin/tar ] && grep -q archive /bin/tar; do usleep 50000; done',
		);
		const home = join(s.folder, 'downloads');
		mkdirSync(home);
		await s.podrun('cp', 'evil:/data/x', join(home, 'x'));
		expect(readdirSync(home)).toEqual(readdirSync(home).filter((name) => name === 'x'));
		await s.ok('delete', 'pod', 'evil');
		seen.push([
			'an archive in `cp` that writes through a link of its own, or names absolute paths',
			'nothing is written outside of the target',
		]);
	});
});
