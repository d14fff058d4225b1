/** Examples of what a pod is: a process group, shared files, and all of it or nothing. */
import { beforeAll, describe, expect, test } from 'vitest';
import { engineContainer, engineContainers, killContainer, page } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { EXAMPLES, type Example, example, inside, upExample } from '../support/examples.ts';
import { engineId, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe('banana, process-group and web-and-log-counter', () => {
	const s = scenario('group');
	let banana: Example;
	let group: Example;
	let web: Example;

	beforeAll(async () => {
		[banana, group, web] = await Promise.all([
			upExample(s, 'banana'),
			upExample(s, 'process-group'),
			upExample(s, 'web-and-log-counter'),
		]);
	});

	test('banana: nginx on a port of the host; it ends, and comes back on the same IP', async () => {
		const answer = await eventually(() => page(banana.url), { what: 'nginx answers' });
		expect(answer.body).toContain('Welcome to nginx');
		const before = await s.pod('banana');
		await inside(s, 'banana', 'nginx', 'nginx', '-s', 'stop');
		const after = await s.until('banana', (pod) => statusOf(pod, 'nginx').restartCount === 1);
		expect(after.status?.podIP).toBe(before?.status?.podIP);
	});

	test('process-group: api asks main on localhost, main asks compute through shared memory', async () => {
		expect(await page(`${group.url}/primes?below=1000000`)).toEqual({ status: 200, body: '78498\n' });
		const ps = (await inside(s, 'process-group', 'log', 'ps')).out;
		for (const process of ['/pause', 'api.py', 'main.py', 'compute.py', 'tail ']) {
			expect(ps).toContain(process);
		}
		await eventually(
			async () => /main: 78498 primes/.test(await s.ok('logs', 'process-group', '-c', 'log')),
			{
				what: "main's line is in log's log",
			},
		);
	});

	test('process-group: one container kills the process of another; only that one starts again', async () => {
		const kill = 'kill -9 $(cat /var/run/group/compute.pid)';
		expect((await inside(s, 'process-group', 'log', 'sh', '-c', kill)).code).toBe(0);
		const pod = await s.until('process-group', (seen) => statusOf(seen, 'compute').restartCount === 1);
		expect(['api', 'main', 'log'].map((name) => statusOf(pod, name).restartCount)).toEqual([0, 0, 0]);
		await eventually(async () => (await page(`${group.url}/primes?below=100`)).body === '25\n', {
			what: 'it counts again',
		});
	});

	test('web-and-log-counter: requests are counted, across a restart of nginx', async () => {
		const ask = async (times: number) => {
			for (let i = 0; i < times; i++) await page(web.url);
		};
		const counts = (number: number) =>
			eventually(
				async () =>
					(await s.ok('logs', 'web-and-log-counter', '-c', 'log-counter')).endsWith(`\n${number} requests\n`),
				{ what: `${number} requests are counted` },
			);
		await ask(5);
		await counts(5);
		const pod = await s.pod('web-and-log-counter');
		await s.ok('restart', 'web-and-log-counter', '-c', 'web');
		await s.until(
			'web-and-log-counter',
			(seen) => statusOf(seen, 'web').restartCount === 1 && statusOf(seen, 'web').ready,
		);
		await ask(2);
		await counts(7);
		const after = await s.pod('web-and-log-counter');
		expect(after && engineId(after, 'log-counter')).toBe(pod && engineId(pod, 'log-counter'));
		const touched = await inside(s, 'web-and-log-counter', 'log-counter', 'touch', '/logs/x');
		expect(touched.err).toContain('Read-only file system');
	});
});

describe('rsyslog with memory enough', () => {
	const s = scenario('rsyslog');

	test("a program's line and the kernel's pass two modules and come out of the third", async () => {
		await upExample(s, 'rsyslog');
		const say = (text: string) =>
			inside(s, 'rsyslog', 'imuxsock', 'logger', '-u', '/run/rsyslog/log', '-t', 'hello', text);
		const tells = (text: RegExp) =>
			eventually(async () => text.test(await s.ok('logs', 'rsyslog', '-c', 'main')), { what: text.source });
		await say('from a program');
		await tells(/^user\.notice .*hello: from a program$/m);
		await tells(/^kern\.\w+ .*kernel: /m);
		const inputs = async () =>
			Promise.all(['imuxsock', 'imklog'].map((name) => engineContainer(s.instance, 'rsyslog', name)));
		const before = await inputs();
		await killContainer((await engineContainer(s.instance, 'rsyslog', 'main')).id);
		await s.until(
			'rsyslog',
			(pod) => statusOf(pod, 'main').restartCount === 1 && statusOf(pod, 'main').ready,
		);
		await eventually(
			async () => {
				await say('to the new one');
				return (await s.ok('logs', 'rsyslog', '-c', 'main')).includes('hello: to the new one');
			},
			{ what: 'the inputs find the new socket' },
		);
		expect(await inputs()).toEqual(before);
	});
});

describe('rsyslog with too little memory', () => {
	const s = scenario('gang', { PODRUN_NODE_MEMORY: '1000000000' });

	test('none of the three starts, though each of two would fit', async () => {
		const { folder } = await example(s, 'rsyslog');
		const ran = await s.podrun('up', '-d', '-f', folder);
		expect(ran.code).toBe(1);
		expect(ran.err).toContain('0/1 nodes are available: 1 Insufficient memory');
		expect(await engineContainers(s.instance, 'rsyslog')).toEqual([]);
	});
});

describe('podrun examples', () => {
	const s = scenario('list');

	test('lists them, and up --example runs one; all are valid for Kubernetes', async () => {
		const names = (await s.ok('examples', '-o', 'name')).trim().split('\n');
		expect(names).toHaveLength(14);
		expect(await s.ok('examples')).toMatch(/^banana +Banana: the smallest pod$/m);
		const folders = names.flatMap((name) => ['-f', `${EXAMPLES}/${name}`]);
		expect(await s.podrun('validate', '--profile', 'kubernetes', ...folders)).toMatchObject({
			code: 0,
			err: '',
		});
		expect((await s.podrun('up', '--example', 'apple')).err).toContain('there is no example "apple"');
		await s.ok('up', '-d', '--example', 'banana');
		expect(await s.ok('get', 'pods', '-o', 'name')).toBe('pod/banana\n');
		await s.ok('down', '--example', 'banana');
		expect(await engineContainers(s.instance, 'banana')).toEqual([]);
	});
});
