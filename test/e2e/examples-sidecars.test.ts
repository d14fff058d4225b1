/** Examples of containers that look after others: adapter, monitor, transparent proxy, toolbox; and pods that fail. */
import { beforeAll, describe, expect, test } from 'vitest';
import { engineContainers, page } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { type Example, example, inside, upExample } from '../support/examples.ts';
import { holds, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe('adapter, monitor, transparent-proxy and debug', () => {
	const s = scenario('sidecars');
	let adapter: Example;
	let monitor: Example;
	let proxy: Example;

	beforeAll(async () => {
		[adapter, monitor, proxy] = await Promise.all([
			upExample(s, 'adapter'),
			upExample(s, 'monitor'),
			upExample(s, 'transparent-proxy'),
			upExample(s, 'debug'),
		]);
	});

	test('adapter: the app is stuck, the pod is not ready, nothing is restarted; and back', async () => {
		const healthz = () => page(`${adapter.url}/healthz`);
		expect(await healthz()).toMatchObject({ status: 200, body: expect.stringContaining('"pass"') });
		await inside(s, 'adapter', 'app', 'touch', '/tmp/stuck');
		await s.until('adapter', (pod) => !holds(pod, 'Ready'));
		expect(await healthz()).toMatchObject({ status: 503, body: expect.stringContaining('"fail"') });
		await inside(s, 'adapter', 'app', 'rm', '/tmp/stuck');
		const pod = await s.until('adapter', (seen) => holds(seen, 'Ready'));
		expect(statusOf(pod, 'app').restartCount).toBe(0);
	});

	test('monitor: a stopped process of another container makes the pod unready', async () => {
		const signal = (name: string) =>
			inside(
				s,
				'monitor',
				'monitor',
				'sh',
				'-c',
				`for p in /proc/[0-9]*; do read -r c <$p/comm; [ $c = redis-server ] && kill -${name} \${p#/proc/}; done; true`,
			);
		const report = JSON.parse((await page(monitor.url)).body);
		expect(report.processes.map((one: { name: string }) => one.name)).toEqual(
			expect.arrayContaining(['pause', 'nginx', 'redis-server', 'python3']),
		);
		await signal('STOP');
		await s.until('monitor', (pod) => !holds(pod, 'Ready'));
		expect((await page(monitor.url)).body).toMatch(/redis-server \(\d+\) is stopped/);
		await signal('CONT');
		await s.until('monitor', (pod) => holds(pod, 'Ready'));
	});

	test('transparent-proxy: what comes in and what goes out passes the proxy, and the app knows nothing', async () => {
		expect((await page(proxy.url)).body).toContain('Welcome to nginx');
		const outward = await inside(s, 'transparent-proxy', 'app', 'curl', '-s', 'http://outside:8080/');
		expect(outward.out).toBe('hello from outside\n');
		const [own, other] = [await s.pod('transparent-proxy'), await s.pod('outside')];
		const passed = (line: string) =>
			eventually(async () => (await s.ok('logs', 'transparent-proxy', '-c', 'proxy')).includes(line), {
				what: `the proxy tells ${line}`,
			});
		await passed(`-> ${own?.status?.podIP}:80 "GET / HTTP/1.1" "HTTP/1.1 200 OK"`);
		await passed(`outbound ${own?.status?.podIP} -> ${other?.status?.podIP}:8080 "GET / HTTP/1.1"`);
	});

	test('debug: a toolbox sees processes, network and files of a container without a shell', async () => {
		// As the runtime says it: 126 up to Docker 20.10, 127 from newer engines.
		expect([126, 127]).toContain((await s.podrun('exec', 'debug', '--', 'sh')).code);
		const look = 'ps; wget -qO- http://localhost:2379/health; ls /proc/$(pgrep etcd)/root/usr/local/bin';
		const debug = ['debug', 'debug', '-q', '--image=busybox:1.36', '--target=etcd'];
		const seen = await s.podrun(...debug, '-i', '--', 'sh', '-c', `sleep 1; ${look}`);
		expect(seen.out).toMatch(/etcd --data-dir=\/data/);
		expect(seen.out).toContain('{"health":"true"}');
		expect(seen.out).toMatch(/^etcdctl$/m);
		await s.ok(...debug, '-c', 'toolbox', '--', 'sleep', '3600');
		await s.until('debug', (pod) =>
			Boolean(pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === 'toolbox')?.state?.running),
		);
		expect((await inside(s, 'debug', 'toolbox', 'ps')).out).toContain('etcd --data-dir');
		expect((await s.pod('debug'))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
	});
});

describe('crash', () => {
	const s = scenario('crash');

	test('each pod fails in its own way, and says so', async () => {
		const { folder } = await example(s, 'crash');
		await s.ok('apply', '-f', folder);
		const shows = (pod: string, word: RegExp) =>
			eventually(async () => {
				expect(await s.ok('get', 'pod', pod, '--no-headers')).toMatch(word);
				return true;
			});
		const describes = async (pod: string, ...words: RegExp[]) => {
			const text = await s.ok('describe', 'pod', pod);
			for (const word of words) expect(text).toMatch(word);
		};
		await shows('oom-killed', /0\/1 +OOMKilled/);
		await describes('oom-killed', /Reason: +OOMKilled/, /Exit Code: +137/, /^Status: +Failed/m);
		await shows('init-error', /0\/1 +Init:Error/);
		await describes('init-error', /Exit Code: +5/, /PodInitializing/);
		expect(await s.ok('logs', 'init-error', '-c', 'migrate')).toContain('table orders is locked');
		await shows('image-pull', /1\/2 +(ErrImagePull|ImagePullBackOff)/);
		await describes('image-pull', /Failed to pull image "registry.invalid\/no-such-app:1"/);
		await shows('crash-loop', /0\/1 +CrashLoopBackOff/);
		await describes(
			'crash-loop',
			/back-off 10s restarting failed|back-off 20s restarting failed/,
			/no such file: \/etc\/app.conf/,
		);
		expect(await s.ok('logs', 'crash-loop', '--previous')).toContain('reading /etc/app.conf');
		await shows('port-twice', /1\/2 +(CrashLoopBackOff|Error)/);
		await describes('port-twice', /Address already in use/);
		await s.until('failing-probe', (pod) => statusOf(pod, 'app').restartCount > 0);
		await describes(
			'failing-probe',
			/Container app failed liveness probe, will be restarted/,
			/Readiness probe failed/,
		);
	});

	test('a mended manifest: only that container is new, and the IP is the same', async () => {
		const before = await s.pod('image-pull');
		const well = (await engineContainers(s.instance, 'image-pull')).filter((one) => one.container === 'well');
		const mended = s.file(
			'mended.yaml',
			JSON.stringify({
				apiVersion: 'v1',
				kind: 'Pod',
				metadata: { name: 'image-pull' },
				spec: {
					terminationGracePeriodSeconds: 2,
					containers: [
						{ name: 'well', image: 'busybox:1.36', command: ['sleep', '3600'] },
						{ name: 'missing', image: 'busybox:1.36', command: ['sleep', '3600'] },
					],
				},
			}),
		);
		await s.ok('apply', '-f', mended);
		const after = await s.until('image-pull', (pod) => holds(pod, 'Ready'));
		expect(after.status?.podIP).toBe(before?.status?.podIP);
		expect(
			(await engineContainers(s.instance, 'image-pull')).filter((one) => one.container === 'well'),
		).toEqual(well);
	});
});
