/** Volumes as a pod sees them: configs that change under it, and data that outlive it. */
import { describe, expect, test } from 'vitest';
import { leftovers } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

const config = (motd: string) => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name: 'motd' },
	data: { motd },
});

describe('volumes', () => {
	const s = scenario('volumes');

	test('a changed ConfigMap is in the pod within 2 s, without a restart', async () => {
		const reads = server('main', { volumeMounts: [{ name: 'c', mountPath: '/c' }] });
		const manifest = pod('configured', {
			containers: [reads],
			volumes: [{ name: 'c', configMap: { name: 'motd' } }],
		});
		await s.ok('up', '-d', '-f', s.manifest('configured', config('one'), manifest));
		expect(await s.ok('exec', 'configured', '--', 'cat', '/c/motd')).toBe('one');
		// The pod itself says how long it took: from the moment that podrun answered `configured`.
		await s.apply(config('two'));
		const answered = Date.now();
		const waits =
			'until test "$(cat /c/motd)" = two; do sleep 0.05; done; stat -L -c %Y /c/motd; readlink /c/motd';
		const [written, link] = (await s.ok('exec', 'configured', '--', 'sh', '-c', waits)).trim().split('\n');
		expect(Number(written) * 1000 - answered).toBeLessThan(2_000);
		expect(link).toBe('..data/motd');
		const seen = await s.pod('configured');
		expect(seen && statusOf(seen, 'main').restartCount).toBe(0);
	});

	test('what stands in a claim outlives the pod, until down --volumes', async () => {
		const claim = {
			apiVersion: 'v1',
			kind: 'PersistentVolumeClaim',
			metadata: { name: 'data' },
			spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
		};
		const counts = sh('main', 'echo x >> /d/f; trap "exit 0" TERM; sleep 3600 & wait', {
			volumeMounts: [{ name: 'd', mountPath: '/d' }],
		});
		const manifest = pod('claimant', {
			containers: [counts],
			volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
		});
		const file = s.manifest('claimant', claim, manifest);
		for (const written of ['x\n', 'x\nx\n']) {
			await s.ok('up', '-d', '-f', file);
			await s.until('claimant', (pod) => holds(pod, 'Ready'));
			await eventually(async () => (await s.ok('exec', 'claimant', '--', 'cat', '/d/f')) === written);
			await s.ok('down', '-f', file);
		}
		const volumes = async () => (await leftovers(s.instance)).filter((left) => /^volume .*data/.test(left));
		expect(await volumes()).toHaveLength(1);
		await s.ok('up', '-d', '-f', file);
		await s.ok('down', '-f', file, '--volumes');
		expect(await volumes()).toEqual([]);
	});
});
