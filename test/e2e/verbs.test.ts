/** The verbs through the built CLI on a pod of busybox: what they print, and the codes that they end with. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineContainer, engineContainers, killContainer } from '../support/checks.ts';
import { eventually, Scenario } from '../support/scenario.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: verbs, labels: {app: verbs}}
spec:
  terminationGracePeriodSeconds: 5
  initContainers:
  - {name: prep, image: busybox:1.36, command: [sh, -c, echo prepared]}
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "trap 'echo bye; exit 0' TERM; echo started; while true; do sleep 1 & wait $!; done"]
  - name: side
    image: busybox:1.36
    command: [sh, -c, "trap 'exit 0' TERM; echo side; while true; do sleep 1 & wait $!; done"]
`;

describe('verbs on a running pod', () => {
	const scenario = new Scenario('verbs');

	beforeAll(async () => {
		scenario.file('pod.yaml', POD);
		// The manifest of the folder is the default.
		await scenario.ok('up', '-d');
	});
	afterAll(() => scenario.end());

	test('get: a true v1.Pod, a table, names, jsonpath', async () => {
		const pod = await scenario.pod('verbs');
		expect(pod).toMatchObject({
			apiVersion: 'v1',
			kind: 'Pod',
			status: {
				phase: 'Running',
				podIP: expect.stringMatching(/^\d+(\.\d+){3}$/),
				containerStatuses: [
					{ name: 'main', ready: true, restartCount: 0, containerID: expect.stringMatching(/^docker:\/\//) },
					{ name: 'side', ready: true },
				],
			},
		});
		expect(await scenario.ok('get', 'pods')).toMatch(
			/^NAME {4}READY {3}STATUS {4}RESTARTS {3}AGE\nverbs {3}2\/2 {5}Running {3}0 {10}\d+s\n$/,
		);
		expect(await scenario.ok('get', 'pods', '-l', 'app=verbs', '-o', 'name')).toBe('pod/verbs\n');
		expect(await scenario.ok('get', 'pod/verbs', '-o', 'jsonpath={.status.phase}')).toBe('Running');
		const none = await scenario.podrun('get', 'pods', '-l', 'app=other');
		expect(none).toMatchObject({ code: 0, out: '', err: 'No resources found in default namespace.\n' });
		const missing = await scenario.podrun('get', 'pod', 'nobody');
		expect(missing).toMatchObject({
			code: 1,
			out: '',
			err: 'Error from server (NotFound): pods "nobody" not found\n',
		});
	});

	test('ps: a row a container', async () => {
		const lines = (await scenario.ok('ps')).trimEnd().split('\n');
		expect(lines).toHaveLength(4);
		expect(lines[0]).toMatch(/^POD +CONTAINER +STATUS +RESTARTS +AGE +IP +PORTS$/);
		expect(lines[3]).toMatch(/^verbs +prep \(init\) +Completed /);
	});

	test('describe tells containers and events', async () => {
		const text = await scenario.ok('describe', 'pod', 'verbs');
		expect(text).toMatch(/^Name: +verbs$/m);
		expect(text).toMatch(/^Init Containers:\n {2}prep:$/m);
		expect(text).toMatch(/^ {2}Normal +Started +.* Started container main$/m);
	});

	test('logs: one, all with prefix, and the choice that was made', async () => {
		const chosen = await scenario.podrun('logs', 'verbs');
		expect(chosen).toMatchObject({ code: 0, out: 'started\n' });
		expect(chosen.err).toBe('Defaulted container "main" out of: main, side, prep (init)\n');
		expect(await scenario.ok('logs', 'verbs', '--all-containers', '--prefix')).toBe(
			'[pod/verbs/prep] prepared\n[pod/verbs/main] started\n[pod/verbs/side] side\n',
		);
		expect((await scenario.podrun('logs', 'verbs', '-c', 'zzz')).code).not.toBe(0);
	});

	test('exec passes streams and the exit code on', async () => {
		const ran = await scenario.podrun(
			'exec',
			'verbs',
			'-c',
			'side',
			'--',
			'sh',
			'-c',
			'echo o; echo e >&2; exit 7',
		);
		expect(ran).toMatchObject({ code: 7, out: 'o\n', err: 'e\ncommand terminated with exit code 7\n' });
	});

	test('cp brings a file in and out again', async () => {
		writeFileSync(join(scenario.folder, 'here.txt'), 'copied\n', { mode: 0o640 });
		await scenario.ok('cp', 'here.txt', 'verbs:/tmp/there.txt', '-c', 'main');
		expect(await scenario.ok('exec', 'verbs', '-c', 'main', '--', 'stat', '-c', '%a', '/tmp/there.txt')).toBe(
			'640\n',
		);
		await scenario.ok('cp', 'verbs:/tmp/there.txt', 'back.txt', '-c', 'main');
		expect(readFileSync(join(scenario.folder, 'back.txt'), 'utf8')).toBe('copied\n');
	});

	test('wait: met, and timed out', async () => {
		expect(await scenario.ok('wait', '--for=condition=Ready', 'pod/verbs')).toBe('pod/verbs condition met\n');
		const late = await scenario.podrun(
			'wait',
			'--for=jsonpath={.status.phase}=Gone',
			'pod/verbs',
			'--timeout=1s',
		);
		expect(late).toMatchObject({
			code: 1,
			err: 'error: timed out waiting for the condition on pods/verbs\n',
		});
	});

	test('apply again changes nothing; a label makes it configured', async () => {
		await scenario.ok('apply', '-f', 'pod.yaml');
		expect(await scenario.ok('apply', '-f', 'pod.yaml')).toBe('pod/verbs unchanged\n');
		scenario.file('labelled.yaml', POD.replace('app: verbs', 'app: verbs, tier: x'));
		expect(await scenario.ok('apply', '-f', 'labelled.yaml')).toBe('pod/verbs configured\n');
		expect(await scenario.ok('apply', '-f', 'pod.yaml')).toBe('pod/verbs configured\n');
		expect((await scenario.pod('verbs'))?.metadata.labels).toEqual({ app: 'verbs' });
	});

	test('restart and docker kill make new attempts; the others, and the IP, stay', async () => {
		const before = await scenario.pod('verbs');
		const side = await engineContainer(scenario.instance, 'verbs', 'side');
		await scenario.ok('restart', 'verbs', '-c', 'main');
		const attempt = (name: string) => async () => {
			const pod = await scenario.pod('verbs');
			const status = pod?.status?.containerStatuses?.find((one) => one.name === name);
			return status?.ready ? status.restartCount : undefined;
		};
		await eventually(async () => (await attempt('main')()) === 1, { what: 'main is attempt 1' });
		expect(await scenario.ok('logs', 'verbs', '-c', 'main', '--previous')).toMatch(/^started\n/);
		expect((await engineContainer(scenario.instance, 'verbs', 'side')).id).toBe(side.id);
		await killContainer(side.id);
		await eventually(async () => (await attempt('side')()) === 1, { what: 'side is attempt 1' });
		expect((await scenario.pod('verbs'))?.status?.podIP).toBe(before?.status?.podIP);
	});

	test('delete waits until nothing of the pod is left on the engine', async () => {
		expect(await scenario.ok('delete', 'pod', 'verbs')).toMatch(/^pod "verbs" deleted/);
		expect(await engineContainers(scenario.instance, 'verbs')).toEqual([]);
		expect(await scenario.pod('verbs')).toBeUndefined();
		expect((await scenario.podrun('delete', '-f', 'pod.yaml')).code).toBe(1);
		expect((await scenario.podrun('delete', '-f', 'pod.yaml', '--ignore-not-found')).code).toBe(0);
	});
});

describe('up', () => {
	const scenario = new Scenario('up');
	afterAll(() => scenario.end());

	test('in the foreground: prefixed logs, and Ctrl-C stops the pod', async () => {
		scenario.file('pod.yaml', POD);
		const up = scenario.start('up');
		await eventually(() => /^main +\| started$/m.test(up.out()) && /^side +\| side$/m.test(up.out()), {
			what: 'both containers log',
		});
		up.child.kill('SIGINT');
		const ended = await up.ended;
		expect(ended.code).toBe(0);
		expect(ended.out).toMatch(/^main \| bye$/m);
		expect(ended.err).toMatch(/press Ctrl\+C again/);
		expect(await engineContainers(scenario.instance, 'verbs')).toEqual([]);
	});

	test('-d names the init container that fails, its exit code and its last lines', async () => {
		scenario.file(
			'broken.yaml',
			POD.replace('name: verbs,', 'name: broken,').replace('echo prepared', '"echo no space left; exit 3"'),
		);
		const ran = await scenario.podrun('up', '-d', '-f', 'broken.yaml');
		expect(ran.code).toBe(1);
		expect(ran.err).toMatch(/init container "prep" failed with exit code 3/);
		expect(ran.err).toMatch(/last lines of its log:\n +no space left/);
		const pod = await scenario.pod('broken');
		expect(pod?.status?.containerStatuses?.some(({ state }) => state?.running)).toBe(false);
		await scenario.ok('down', 'broken');
	});

	test('--exit-code-from passes the code of the container on', async () => {
		scenario.file(
			'job.yaml',
			'{apiVersion: v1, kind: Pod, metadata: {name: job}, spec: {restartPolicy: Never, containers: [{name: a, image: "busybox:1.36", command: [sh, -c, "echo done; exit 4"]}]}}',
		);
		const ran = await scenario.podrun('up', '-f', 'job.yaml', '--exit-code-from', 'a', '--no-log-prefix');
		expect(ran).toMatchObject({ code: 4, out: 'done\n' });
		expect(await scenario.pod('job')).toBeUndefined();
	});

	test('a port that is taken is named, and nothing is left half-started', async () => {
		const taken = createServer().listen(0, '0.0.0.0');
		await new Promise((resolve) => taken.once('listening', resolve));
		const address = taken.address();
		const port = typeof address === 'object' && address ? address.port : 0;
		scenario.file(
			'port.yaml',
			`{apiVersion: v1, kind: Pod, metadata: {name: port}, spec: {containers: [{name: a, image: "busybox:1.36", command: [sleep, "9"], ports: [{containerPort: 80, hostPort: ${port}}]}]}}`,
		);
		const ran = await scenario.podrun('up', '-d', '-f', 'port.yaml');
		taken.close();
		expect(ran.code).toBe(1);
		expect(ran.err).toContain(`port ${port} of the host is in use`);
		expect(ran.err).not.toMatch(/\n\s+at /);
		expect(await engineContainers(scenario.instance, 'port')).toEqual([]);
	});

	test('without an engine: one message, no stack', async () => {
		const nowhere = new Scenario('nowhere', { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
		nowhere.file('pod.yaml', POD);
		const ran = await nowhere.podrun('up', '-d');
		rmSync(nowhere.folder, { recursive: true });
		expect(ran.code).toBe(1);
		expect(ran.err).toMatch(/^error: /);
		expect(ran.err).toContain('unix:///nowhere/docker.sock');
		expect(ran.err).not.toMatch(/\n\s+at /);
	});
});
