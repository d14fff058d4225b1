/** Watch mode with images that are built: only what changed, in place, and a build that fails harms nothing. */
import { mkdirSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, engineContainer } from '../support/checks.ts';
import { labelOf } from '../support/images.ts';
import { eventually, type Running, Scenario } from '../support/scenario.ts';

const SLEEP = `[sh, -c, "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"]`;

describe('watch with builds', () => {
	const scenario = new Scenario('watch-builds');
	const [app, init] = [`${scenario.instance}/app:dev`, `${scenario.instance}/init:dev`];
	const base = `FROM busybox:1.36 AS base\n${labelOf(scenario.instance)}\n`;
	let watch: Running;

	const sh = (container: string, script: string) =>
		scenario.ok('exec', 'built', '-c', container, '--', 'sh', '-c', script);

	beforeAll(async () => {
		mkdirSync(`${scenario.folder}/app`);
		mkdirSync(`${scenario.folder}/init`);
		scenario.file(
			'app/Dockerfile',
			`${base}ARG WHO\nRUN echo "for $WHO" > /who\nCOPY page /page\nFROM base AS other\nRUN echo other > /who\n`,
		);
		scenario.file('app/page', 'one\n');
		scenario.file('app/notes.md', 'not in the image\n');
		scenario.file('app/.dockerignore', '*\n!page\n');
		scenario.file('init/Dockerfile', `${base}COPY war /war\n`);
		scenario.file('init/war', 'war 1\n');
		scenario.file(
			'pod.yaml',
			`apiVersion: v1
kind: Pod
metadata:
  name: built
  annotations:
    podrun.dev/build: |
      - {image: "${app}", context: ./app, target: base, args: {WHO: me}}
      - {image: "${init}", context: ./init}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - {name: war, image: "${init}", command: [cp, /war, /out/war], volumeMounts: [{name: out, mountPath: /out}]}
  containers:
  - {name: app, image: "${app}", command: ${SLEEP}}
  - {name: side, image: busybox:1.36, command: ${SLEEP}, volumeMounts: [{name: out, mountPath: /out}]}
  volumes: [{name: out, emptyDir: {}}]
`,
		);
		watch = scenario.start('up', '--watch', '-f', 'pod.yaml');
		await eventually(
			async () => (await scenario.pod('built'))?.status?.containerStatuses?.every(({ ready }) => ready),
			{
				within: 120_000,
				what: 'the pod is ready',
			},
		);
		await eventually(() => watch.err().includes('watching '));
	});
	afterAll(() => scenario.end());

	test('images are built before the pod starts, with target, args and .dockerignore', async () => {
		expect(await sh('app', 'cat /page /who')).toBe('one\nfor me\n');
		expect(await sh('side', 'cat /out/war')).toBe('war 1\n');
	});

	test('a rebuilt image replaces its container in place and no other', async () => {
		const side = await engineContainer(scenario.instance, 'built', 'side');
		const before = await scenario.pod('built');
		scenario.file('app/page', 'two\n');
		await eventually(async () => (await sh('app', 'cat /page')) === 'two\n', { within: 90_000 });
		const after = await scenario.pod('built');
		expect(after?.metadata.uid).toBe(before?.metadata.uid);
		expect(after?.status?.podIP).toBe(before?.status?.podIP);
		expect((await engineContainer(scenario.instance, 'built', 'side')).id).toBe(side.id);
		expect(watch.err()).toContain('image of app rebuilt: 1 container restarts, IP kept');
		expect(watch.err()).not.toContain(`${init} is what runs already`);
	});

	test("an init container's rebuilt image runs it again beside the others", async () => {
		const [side, app] = await Promise.all(
			['side', 'app'].map((name) => engineContainer(scenario.instance, 'built', name)),
		);
		scenario.file('init/war', 'war 2\n');
		await eventually(async () => (await sh('side', 'cat /out/war')) === 'war 2\n', { within: 90_000 });
		expect((await engineContainer(scenario.instance, 'built', 'side')).id).toBe(side?.id);
		expect((await engineContainer(scenario.instance, 'built', 'app')).id).toBe(app?.id);
	});

	test('a build that fails is shown and the old container runs on; a repaired one is taken', async () => {
		const before = await engineContainer(scenario.instance, 'built', 'app');
		scenario.file('app/Dockerfile', `${base}RUN echo broken here && false\nCOPY page /page\n`);
		await eventually(
			() => watch.err().includes('broken here') && watch.err().includes(`building ${app} failed`),
			{ within: 90_000 },
		);
		expect((await engineContainer(scenario.instance, 'built', 'app')).id).toBe(before.id);
		scenario.file('app/Dockerfile', `${base}COPY page /page\nRUN echo repaired > /who\n`);
		await eventually(async () => (await sh('app', 'cat /who')) === 'repaired\n', { within: 90_000 });
	});

	test("the builder is the engine's own: BuildKit where it prefers that, with what only BuildKit knows", async () => {
		const { headers } = await new Promise<IncomingMessage>((resolve, reject) => {
			docker.modem.dial(
				{ path: '/_ping', method: 'GET', isStream: true, statusCodes: { 200: true } },
				(error, answer) => (error ? reject(error) : resolve(answer as IncomingMessage)),
			);
		});
		const { DriverStatus } = (await docker.info()) as { DriverStatus?: readonly string[][] };
		const own = !DriverStatus?.some(([, value]) => value?.startsWith('io.containerd.snapshotter'));
		const told = watch.err().length;
		scenario.file(
			'app/Dockerfile',
			`${base}COPY page /page\nRUN --mount=type=cache,target=/cache echo cached > /cache/x && cp /cache/x /who\n`,
		);
		if (headers['builder-version'] === '2' && own) {
			await eventually(async () => (await sh('app', 'cat /who')) === 'cached\n', { within: 90_000 });
			expect(watch.err().slice(told)).toMatch(/\[base 3\/3\] RUN --mount=type=cache/);
		} else {
			await eventually(() => /requires BuildKit/i.test(watch.err().slice(told)), { within: 90_000 });
			expect(await sh('app', 'cat /who')).toBe('repaired\n');
		}
	});
});
