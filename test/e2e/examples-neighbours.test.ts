/** Examples whose pods find others by name: the collector, the ambassador, the config agent. */
import { beforeAll, describe, expect, test } from 'vitest';
import { engineContainer, engineContainers, killContainer, page } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { type Example, inside, upExample } from '../support/examples.ts';
import { statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe('log-collector, proxy-sidecar and nginx-confd', () => {
	const s = scenario('names');
	let confd: Example;

	beforeAll(async () => {
		[confd] = await Promise.all([
			upExample(s, 'nginx-confd'),
			upExample(s, 'log-collector'),
			upExample(s, 'proxy-sidecar'),
		]);
	});

	test('log-collector: the collector is killed twice, and no line is lost', async () => {
		for (const attempt of [1, 2]) {
			await killContainer((await engineContainer(s.instance, 'log-collector', 'collector')).id);
			await s.until('log-collector', (pod) => {
				const { restartCount, ready } = statusOf(pod, 'collector');
				return restartCount === attempt && ready;
			});
		}
		const written = await inside(s, 'log-collector', 'app', 'cat', '/var/log/app/app.log');
		const lines = written.out.trimEnd().split('\n');
		expect(lines.length).toBeGreaterThan(20);
		await eventually(
			async () => {
				const stored = await inside(s, 'log-store', 'redis', 'redis-cli', 'lrange', 'log', '0', '-1');
				const there = new Set(stored.out.split('\n').map((line) => line.trim()));
				const lost = lines.filter((line) => !there.has(line));
				if (lost.length > 0)
					throw new Error(`not in the store: ${lost.slice(0, 5).join(', ')} (${lost.length})`);
				return true;
			},
			{ what: 'every line that was written is in the store' },
		);
	});

	test('proxy-sidecar: three stores have a share each; one goes, the app goes on', async () => {
		const share = async (index: number) =>
			Number((await inside(s, `redis-${index}`, 'redis', 'redis-cli', 'get', 'orders')).out.trim());
		const told = async () => {
			const [, ok, failed] =
				/(\d+) ok, (\d+) failed\n$/.exec(await s.ok('logs', 'proxy-sidecar', '-c', 'app')) ?? [];
			return { ok: Number(ok), failed: Number(failed) };
		};
		await eventually(async () => Math.min(await share(0), await share(1), await share(2)) > 0, {
			what: 'each of the three has been asked',
		});
		const app = await engineContainer(s.instance, 'proxy-sidecar', 'app');
		await s.ok('delete', 'pod', 'redis-2');
		const before = await told();
		const after = await eventually(
			async () => {
				const now = await told();
				return now.ok >= before.ok + 20 && now;
			},
			{ what: 'twenty more orders' },
		);
		// What was on its way to the one that went may have failed; what came after does not.
		expect(after.failed - before.failed).toBeLessThanOrEqual(5);
		expect(await engineContainer(s.instance, 'proxy-sidecar', 'app')).toEqual(app);
	});

	test('nginx-confd: etcd changes what nginx serves, and no container is restarted', async () => {
		const etcd = (...command: string[]) => s.ok('exec', 'etcd', '--', 'etcdctl', ...command);
		const serves = (what: string) =>
			eventually(
				async () => {
					const seen = new Set<string>();
					for (let i = 0; i < 4; i++) seen.add((await page(confd.url)).body.trim());
					return [...seen].sort().join(' ') === what;
				},
				{ what: `nginx serves ${what}` },
			);
		const before = await engineContainers(s.instance, 'nginx-confd');
		await serves('no upstream');
		await etcd('put', '/upstreams/apple', 'apple:8080');
		await serves('apple');
		await etcd('put', '/upstreams/pear', 'pear:8080');
		await serves('apple pear');
		await etcd('del', '/upstreams/apple');
		await serves('pear');
		expect(await engineContainers(s.instance, 'nginx-confd')).toEqual(before);
		expect((await s.podrun('exec', 'etcd', '--', 'sh')).code).not.toBe(0);
	});
});
