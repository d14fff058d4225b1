/** Watch mode on plain pods: what is on disk is in the containers at the end, whatever happened in between. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineContainer, inspectContainer, killContainer } from '../support/checks.ts';
import { eventually, type Running, Scenario } from '../support/scenario.ts';

const WAIT = `trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done`;
const SLEEP = `[sh, -c, "${WAIT}"]`;

function manifest(extra = ''): string {
	return `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: hello}
---
apiVersion: v1
kind: Pod
metadata:
  name: watched
  annotations:
    podrun.dev/watch: |
      - {container: app, path: ./src, target: /srv/app, action: sync, ignore: [cache/, "!cache/keep"]}
      - {container: app, path: ./restart.conf, target: /etc/restart.conf, action: sync+restart}
      - {container: app, path: ./reload.conf, target: /etc/reload.conf, action: sync+exec, exec: {command: [sh, -c, "cat /etc/reload.conf >> /tmp/reloads"]}}
      - {container: app, configMap: settings, action: exec, exec: {command: [sh, -c, "cat /settings/greeting >> /tmp/greetings"]}}
      - {container: user, path: ./src, target: /home/app, action: sync, ignore: [cache, many, churn]}
      - {container: readonly, path: ./src/a.txt, target: /data/a.txt, action: sync}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: busybox:1.36
    env: [{name: MODE, value: one}]
    command: [sh, -c, "cat /srv/app/a.txt > /tmp/at-start; ${WAIT}"]
    volumeMounts: [{name: settings, mountPath: /settings}]
  - name: user
    image: busybox:1.36
    securityContext: {runAsUser: 1234, runAsGroup: 2345}
    command: ${SLEEP}
  - name: readonly
    image: busybox:1.36
    securityContext: {readOnlyRootFilesystem: true}
    command: ${SLEEP}
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: settings, configMap: {name: settings}}, {name: data, emptyDir: {}}]
${extra}`;
}

describe('watch', () => {
	const scenario = new Scenario('watch');
	const host = (path: string) => join(scenario.folder, path);
	let watch: Running;
	let ip: string | undefined;

	const sh = async (container: string, script: string): Promise<string> =>
		scenario.ok('exec', 'watched', '-c', container, '--', 'sh', '-c', script);
	const inside = (container: string, path: string) => sh(container, `cat ${path}`);
	const events = (): Record<string, unknown>[] =>
		watch
			.err()
			.split('\n')
			.flatMap((line) =>
				line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as Record<string, unknown>] : [],
			);
	const attempt = async (container: string) =>
		(await engineContainer(scenario.instance, 'watched', container)).attempt;

	beforeAll(async () => {
		for (const folder of ['src/sub', 'src/cache', 'src/.git']) mkdirSync(host(folder), { recursive: true });
		scenario.file('src/a.txt', 'first\n');
		scenario.file('src/sub/tool.sh', '#!/bin/sh\necho tool\n');
		chmodSync(host('src/sub/tool.sh'), 0o755);
		scenario.file('src/cache/big', 'no\n');
		scenario.file('src/cache/keep', 'yes\n');
		scenario.file('src/.git/index', 'no\n');
		scenario.file('pod.yaml', manifest());
		watch = scenario.start('up', '--watch', '--progress', 'json', '-f', 'pod.yaml');
		await eventually(
			async () => (await scenario.pod('watched'))?.status?.containerStatuses?.every(({ ready }) => ready),
			{
				within: 60_000,
				what: 'the pod is ready',
			},
		);
		ip = (await scenario.pod('watched'))?.status?.podIP;
	});
	afterAll(() => scenario.end());

	test('what is on disk at the start is in the containers; what is ignored is not', async () => {
		await eventually(async () => (await inside('app', '/srv/app/a.txt')) === 'first\n');
		expect(await sh('app', 'cd /srv/app && find . -type f | sort')).toBe(
			'./a.txt\n./cache/keep\n./sub/tool.sh\n',
		);
		expect(await sh('app', '/srv/app/sub/tool.sh')).toBe('tool\n');
	});

	test('the first attempt has begun with its files', async () => {
		expect(await inside('app', '/tmp/at-start')).toBe('first\n');
		expect((await engineContainer(scenario.instance, 'watched', 'app')).attempt).toBe(0);
		expect(events().filter(({ initial }) => initial === true)).toHaveLength(3);
	});

	test('a process without root owns its files; a read-only root filesystem takes them in a volume', async () => {
		await eventually(
			async () =>
				(await sh('user', 'stat -c %u:%g /home/app/a.txt /home/app/sub')) === '1234:2345\n1234:2345\n',
		);
		expect(await sh('user', 'cd /home/app && echo more >> a.txt && rm -r sub && ls')).toBe('a.txt\n');
		await eventually(async () => (await inside('readonly', '/data/a.txt')) === 'first\n');
	});

	test('a save, an atomic save, a mode, a rename, a delete, a link and a folder that appears later', async () => {
		scenario.file('src/a.txt', 'second\n');
		await eventually(async () => (await inside('app', '/srv/app/a.txt')) === 'second\n');
		await eventually(async () => (await inside('readonly', '/data/a.txt')) === 'second\n');
		scenario.file('src/a.txt.tmp~', 'third\n');
		renameSync(host('src/a.txt.tmp~'), host('src/a.txt'));
		await eventually(async () => (await inside('app', '/srv/app/a.txt')) === 'third\n');
		chmodSync(host('src/sub/tool.sh'), 0o644);
		await eventually(async () => (await sh('app', 'stat -c %a /srv/app/sub/tool.sh')) === '644\n');
		renameSync(host('src/sub'), host('src/moved'));
		await eventually(
			async () => (await sh('app', 'cd /srv/app && find . -name "*.sh"')) === './moved/tool.sh\n',
		);
		mkdirSync(host('src/new/deep'), { recursive: true });
		scenario.file('src/new/deep/file', 'deep\n');
		await eventually(async () => (await inside('app', '/srv/app/new/deep/file')) === 'deep\n');
		rmSync(host('src/new'), { recursive: true });
		await eventually(async () => (await sh('app', 'test -e /srv/app/new || echo gone')) === 'gone\n');
	});

	test('synced files survive a crash, a restart and another spec', async () => {
		const { id, attempt: before } = await engineContainer(scenario.instance, 'watched', 'app');
		await killContainer(id);
		await eventually(async () => (await attempt('app')) === before + 1, { within: 60_000 });
		expect(await inside('app', '/srv/app/a.txt')).toBe('third\n');
		expect(await sh('app', 'cd /srv/app && find . -type f | sort')).toBe(
			'./a.txt\n./cache/keep\n./moved/tool.sh\n',
		);
		scenario.file('pod.yaml', manifest().replace('value: one', 'value: two'));
		await eventually(async () => (await sh('app', 'echo $MODE')) === 'two\n', { within: 60_000 });
		expect(await inside('app', '/srv/app/a.txt')).toBe('third\n');
		expect((await scenario.pod('watched'))?.status?.podIP).toBe(ip);
		expect(events()).toContainEqual(
			expect.objectContaining({
				event: 'changed',
				change: 'env of app changed: 1 container restarts, IP kept',
			}),
		);
		await eventually(() => events().some(({ event }) => event === 'ready again'));
	});

	test('sync+restart restarts one container, sync+exec runs its command once', async () => {
		const [app, user] = [await attempt('app'), await attempt('user')];
		scenario.file('restart.conf', 'r\n');
		await eventually(async () => (await attempt('app')) === app + 1, { within: 60_000 });
		await eventually(async () => (await inside('app', '/etc/restart.conf')) === 'r\n');
		scenario.file('reload.conf', 'x\n');
		await eventually(async () => (await inside('app', '/tmp/reloads')) === 'x\n');
		expect(await attempt('user')).toBe(user);
	});

	test('a ConfigMap is swapped without a restart, and its rule runs after the swap', async () => {
		const before = await attempt('app');
		scenario.file('pod.yaml', manifest().replace('value: one', 'value: two').replace('hello', 'goodbye'));
		await eventually(async () => (await inside('app', '/tmp/greetings')) === 'goodbye');
		expect(await inside('app', '/settings/greeting')).toBe('goodbye');
		expect(await attempt('app')).toBe(before);
	});

	test('an invalid manifest is told with its line and the pod runs on; a fixed one is applied', async () => {
		const fixed = readFileSync(host('pod.yaml'), 'utf8').replace('value: two', 'value: three');
		scenario.file('pod.yaml', fixed.replace('env:', 'envs:'));
		await eventually(() =>
			events().some(
				({ event, line, path }) => event === 'invalid' && line === 23 && path === 'spec.containers[0].envs',
			),
		);
		expect(await sh('app', 'echo $MODE')).toBe('two\n');
		scenario.file('pod.yaml', fixed.replace('action: sync+exec', 'action: copy'));
		await eventually(() =>
			events().some(
				({ event, message }) => event === 'invalid' && String(message).includes('Unsupported value: "copy"'),
			),
		);
		scenario.file('pod.yaml', fixed);
		await eventually(async () => (await sh('app', 'echo $MODE')) === 'three\n', { within: 60_000 });
	});

	test('a file changed 500 times in a row ends as it is on disk', async () => {
		for (let turn = 0; turn < 500; turn += 1) {
			writeFileSync(host('src/a.txt'), `turn ${turn}\n`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		await eventually(async () => (await inside('app', '/srv/app/a.txt')) === 'turn 499\n');
	});

	test('10,000 files at once are one batch', async () => {
		mkdirSync(host('src/many'));
		const before = events().length;
		for (let file = 0; file < 10_000; file += 1) writeFileSync(host(`src/many/${file}.txt`), `${file}\n`);
		const synced = () =>
			events()
				.slice(before)
				.filter(({ event, container }) => event === 'synced' && container === 'app');
		const files = () => synced().reduce((sum, one) => sum + Number(one.files), 0);
		await eventually(() => files() >= 10_000, { within: 240_000, what: 'all files are synced' });
		expect((await sh('app', 'ls /srv/app/many | wc -l')).trim()).toBe('10000');
		expect(await sh('app', 'cat /srv/app/many/*.txt | sort -n | tail -1')).toBe('9999\n');
		expect(synced()).toHaveLength(1);
		rmSync(host('src/many'), { recursive: true });
		await eventually(async () => (await sh('app', 'test -e /srv/app/many || echo gone')) === 'gone\n', {
			within: 60_000,
		});
	});

	test('files deleted while they are read, and a container that crashes in the middle of a sync', async () => {
		mkdirSync(host('src/churn'));
		for (let file = 0; file < 300; file += 1) writeFileSync(host(`src/churn/${file}`), 'x'.repeat(20_000));
		const { id } = await engineContainer(scenario.instance, 'watched', 'app');
		await eventually(() => events().some(({ event, files }) => event === 'synced' && Number(files) > 0));
		await killContainer(id);
		for (let file = 0; file < 300; file += 2) rmSync(host(`src/churn/${file}`));
		writeFileSync(host('src/churn/1'), 'changed\n');
		await eventually(async () => (await sh('app', 'ls /srv/app/churn | wc -l')).trim() === '150', {
			within: 60_000,
		});
		await eventually(async () => (await inside('app', '/srv/app/churn/1')) === 'changed\n');
	});

	test('the supervisor is killed: the next one keeps what was synced', async () => {
		const status = JSON.parse(await scenario.ok('supervisor', 'status', '-o', 'json')) as { pid: number };
		process.kill(status.pid, 'SIGKILL');
		scenario.file('src/a.txt', 'after the supervisor\n');
		await eventually(async () => (await inside('app', '/srv/app/a.txt')) === 'after the supervisor\n', {
			within: 60_000,
		});
		const { id, attempt: before } = await engineContainer(scenario.instance, 'watched', 'app');
		await killContainer(id);
		await eventually(async () => (await attempt('app')) === before + 1, { within: 90_000 });
		expect(await inside('app', '/srv/app/a.txt')).toBe('after the supervisor\n');
		expect(await inside('app', '/srv/app/cache/keep')).toBe('yes\n');
	});

	test('diff and a dry run tell the same plan, and change nothing', async () => {
		const changed = scenario.file(
			'other.yaml',
			readFileSync(host('pod.yaml'), 'utf8').replace('value: three', 'value: four'),
		);
		const diff = await scenario.podrun('diff', '-f', changed);
		expect(diff).toMatchObject({
			code: 1,
			err: expect.stringContaining('env of app changed: 1 container restarts, IP kept'),
		});
		expect(diff.out).toMatch(/^-.*three$/m);
		expect(diff.out).toMatch(/^\+.*four$/m);
		const dry = await scenario.podrun('apply', '--dry-run=server', '-f', changed);
		expect(dry.err).toContain('env of app changed: 1 container restarts, IP kept');
		expect(await scenario.podrun('diff', '-f', 'pod.yaml')).toMatchObject({ code: 0, out: '' });
		expect(await sh('app', 'echo $MODE')).toBe('three\n');
	});

	test('Ctrl-C ends the watch and the pod', async () => {
		const { id } = await engineContainer(scenario.instance, 'watched', 'user');
		watch.child.kill('SIGINT');
		const ended = await watch.ended;
		expect(ended.code).toBe(0);
		await expect(inspectContainer(id)).rejects.toThrow(/no such container/i);
	});
});
