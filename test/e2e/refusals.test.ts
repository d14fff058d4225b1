/** What can't be done is said in one message that helps, and nothing is half-started; and what needs nobody works offline. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { leftovers } from '../support/checks.ts';
import { pod, server, statusOf } from '../support/manifests.ts';
import { Scenario, scenario } from '../support/scenario.ts';

const TYPO = `apiVersion: v1
kind: Pod
metadata:
  name: typo
spec:
  containers:
    - name: web
      image: busybox:1.36
      imagePullPolcy: Never
`;

describe('manifests that are refused', () => {
	const s = scenario('refused');

	async function refused(...args: string[]): Promise<string> {
		const ran = await s.podrun('up', '-d', ...args);
		expect(ran.code).not.toBe(0);
		expect(ran.out).toBe('');
		expect(ran.err).not.toMatch(/^\s+at .*:\d+/m);
		expect(await leftovers(s.instance)).toEqual([]);
		return ran.err;
	}

	test('a typo: where it stands, the line, what was meant', async () => {
		s.file('typo.yaml', TYPO);
		const said = await refused('-f', 'typo.yaml');
		expect(said).toMatch(/typo\.yaml:9:7/);
		expect(said).toContain('imagePullPolcy: Never');
		expect(said).toMatch(/did you mean "?imagePullPolicy/i);
	});

	test('what has no name of its own, by those who need one: nothing else is touched', async () => {
		s.file('generated.yaml', TYPO.replace('name: typo', 'generateName: gen-').replace('Polcy', 'Policy'));
		await s.apply(pod('bystander', { containers: [server('a')] }));
		await s.until('bystander', ({ status }) => status?.phase === 'Running');
		for (const [args, why] of [
			[['apply', '-f', 'generated.yaml'], 'from gen-: cannot use generate name with apply'],
			[['up', '-d', '-f', 'generated.yaml'], 'from gen-: cannot use generate name with apply'],
			[['delete', '-f', 'generated.yaml'], 'resource name may not be empty'],
			[['delete', 'pod', ''], 'resource name may not be empty'],
			[['down', '-f', 'generated.yaml'], 'resource name may not be empty'],
		] as const) {
			const ran = await s.podrun(...args);
			expect({ args, code: ran.code }).not.toEqual({ args, code: 0 });
			expect(ran.err).toContain(why);
		}
		await s.until('bystander', ({ metadata }) => metadata.deletionTimestamp === undefined);
		await s.ok('delete', 'pod', 'bystander');
	});

	test('a file that is not there, and a folder without one', async () => {
		expect(await refused('-f', 'absent.yaml')).toMatch(/absent\.yaml/);
		expect(await refused()).toMatch(/podrun\.yaml, pod\.yaml/);
	});

	test('YAML that is none', async () => {
		s.file('bad.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: bad\nspec:\n');
		expect(await refused('-f', 'bad.yaml')).toMatch(/bad\.yaml:\d+:\d+/);
	});

	test('two faults in two objects: both are told, the good pod is not started either', async () => {
		s.file('two.yaml', `${JSON.stringify(pod('good', { containers: [server('a')] }))}\n---\n${TYPO}`);
		expect(await refused('-f', 'two.yaml')).toContain('imagePullPolcy');
	});
});

describe('without an engine', () => {
	const s = new Scenario('noengine', { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
	afterAll(() => s.end());

	test('every verb names the address once, and leaves no process', async () => {
		const manifest = s.manifest('a', pod('a', { containers: [server('a')] }));
		for (const args of [['up', '-d', '-f', manifest], ['ps'], ['apply', '-f', manifest]]) {
			const ran = await s.podrun(...args);
			expect(ran.code).toBe(1);
			expect(ran.err).toMatch(/^error: /);
			expect(ran.err).toContain('unix:///nowhere/docker.sock');
			expect(ran.err).not.toMatch(/^\s+at .*:\d+/m);
		}
		expect(await s.supervisor()).toBeUndefined();
		expect(existsSync(join(s.folder, 'state', 'podrun', 'supervisor.sock'))).toBe(false);
	});
});

describe('offline', () => {
	const s = scenario('offline');

	test('an image that is there is not asked for anywhere', async () => {
		const latest = { ...server('b'), image: 'busybox:1.36' };
		await s.ok('up', '-d', '-f', s.manifest('off', pod('off', { containers: [server('a'), latest] })));
		const seen = await s.pod('off');
		expect(seen && statusOf(seen, 'a')).toMatchObject({ ready: true, image: 'busybox:1.36' });
		const reasons = (await s.events('off')).map(({ reason }) => reason);
		expect(reasons).toContain('Pulled');
		expect(reasons).not.toContain('Pulling');
	});
});
