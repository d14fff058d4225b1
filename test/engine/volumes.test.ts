/**
 * Volumes of pods on a real engine, through the supervisor: what containers find in them, how it changes, who may
 * write, and that nothing is left behind. Both ways of writing are held to the same: straight into the folders of
 * a local engine, and through the pause as on a remote one.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StoredKind } from '../../src/api/backend.ts';
import type { KubeObject, Pod } from '../../src/api/types.ts';
import { openEngine } from '../../src/engine/docker.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createLog } from '../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts';
import { claimVolumeName, INSTANCE, POD_UID } from '../../src/translate/names.ts';
import { engineUnderTest } from '../support/engine-under-test.ts';

const IMAGE = 'busybox:1.36';
const WITHIN = { timeout: 40_000, interval: 100 };

describe.each(['straight', 'archive'])('volumes, written the %s way', (way) => {
	const instance = `vol-${way}-${randomBytes(3).toString('hex')}`;
	let engine: Engine;
	let supervisor: Supervisor;
	let stateFolder: string;
	/** Another supervisor on the same state. */
	let begin: () => Promise<void>;

	beforeAll(async () => {
		stateFolder = await mkdtemp(join(tmpdir(), 'podrun-volumes-'));
		const open = () => openEngine(engineUnderTest);
		engine = await open();
		begin = async () => {
			supervisor = await createSupervisor({
				engine: await open(),
				info: await engine.info(),
				instance,
				stateFolder,
				env: { ...process.env, ...(way === 'archive' ? { PODRUN_VOLUMES: 'archive' } : {}) },
				log: createLog((line) => process.env['PODRUN_TEST_LOG'] && process.stderr.write(line)),
			});
			await supervisor.start();
		};
		await begin();
	});

	afterAll(async () => {
		const { items } = await supervisor.backend.list('Pod', undefined);
		for (const { metadata } of items) await remove('Pod', metadata.name);
		for (const claim of (await supervisor.backend.list('PersistentVolumeClaim', undefined)).items) {
			await remove('PersistentVolumeClaim', claim.metadata.name);
		}
		await supervisor.stop();
		await rm(stateFolder, { recursive: true });
		const left = [
			...(await engine.listContainers([`${INSTANCE}=${instance}`])),
			...(await engine.listVolumes([`${INSTANCE}=${instance}`])),
			...(await engine.listNetworks([`${INSTANCE}=${instance}`])),
		];
		engine.close();
		expect(left).toEqual([]);
	});

	const create = (kind: StoredKind, name: string, body: Record<string, unknown>) =>
		supervisor.backend.create(
			kind,
			{ apiVersion: 'v1', kind, metadata: { name }, ...body } as KubeObject,
			{},
		);

	const pod = (name: string, spec: Record<string, unknown>) =>
		create('Pod', name, { spec: { terminationGracePeriodSeconds: 1, ...spec } });

	const container = (
		name: string,
		script: string,
		mounts: readonly Record<string, unknown>[],
		more = {},
	) => ({
		name,
		image: IMAGE,
		imagePullPolicy: 'IfNotPresent',
		command: ['sh', '-c', script],
		volumeMounts: mounts,
		...more,
	});

	const get = async (name: string) =>
		(await supervisor.backend.get('Pod', 'default', name)) as unknown as Pod;

	async function phase(name: string, wanted: string): Promise<Pod> {
		await vi.waitFor(async () => expect((await get(name)).status?.phase).toBe(wanted), WITHIN);
		return get(name);
	}

	async function remove(kind: StoredKind, name: string): Promise<void> {
		await supervisor.backend.delete(kind, 'default', name, {});
		await gone(kind, name);
	}

	async function gone(kind: StoredKind, name: string): Promise<void> {
		const names = async () =>
			(await supervisor.backend.list(kind, 'default')).items.map(({ metadata }) => metadata.name);
		await vi.waitFor(async () => expect(await names()).not.toContain(name), WITHIN);
	}

	/** What a shell in a running container answers. */
	async function sh(podName: string, name: string, script: string): Promise<string> {
		const id = (await get(podName)).status?.containerStatuses
			?.find((status) => status.name === name)
			?.containerID?.replace('docker://', '');
		const session = await engine.exec(id ?? '', {
			command: ['sh', '-c', script],
			stdout: true,
			stderr: true,
		});
		const [out, err] = await Promise.all([text(session.stdout), text(session.stderr)]);
		return out + err;
	}

	const message = (podName: Pod, name: string) =>
		podName.status?.containerStatuses?.find((status) => status.name === name)?.state?.terminated?.message;

	it('configs: all files change at once within 2 s, what is removed vanishes, a subPath stays as it was', async () => {
		await create('ConfigMap', 'app', { data: { color: 'red', size: 'big', same: 'x' } });
		await create('Secret', 'token', { stringData: { token: 's3cret' } });
		await pod('configs', {
			volumes: [
				{ name: 'cfg', configMap: { name: 'app', defaultMode: 0o640 } },
				{ name: 'hidden', secret: { secretName: 'token' } },
				{ name: 'maybe', configMap: { name: 'absent', optional: true } },
			],
			containers: [
				container('main', 'sleep 3600', [
					{ name: 'cfg', mountPath: '/cfg' },
					{ name: 'cfg', mountPath: '/one', subPath: 'color' },
					{ name: 'hidden', mountPath: '/hidden' },
					{ name: 'maybe', mountPath: '/maybe' },
				]),
			],
		});
		await phase('configs', 'Running');
		expect(await sh('configs', 'main', 'cat /cfg/color /one; ls /cfg; ls /maybe; readlink /cfg/color')).toBe(
			'redredcolor\nsame\nsize\n..data/color\n',
		);
		expect(await sh('configs', 'main', 'stat -Lc %a /cfg/color; touch /cfg/x; cat /hidden/token')).toMatch(
			/^640\ns3crettouch: .*Read-only file system\n$/,
		);
		expect(await sh('configs', 'main', "grep ' /hidden ' /proc/mounts")).toContain('tmpfs');

		const map = await supervisor.backend.get('ConfigMap', 'default', 'app');
		await supervisor.backend.update('ConfigMap', { ...map, data: { color: 'blue', same: 'x' } }, {});
		await vi.waitFor(async () => expect(await sh('configs', 'main', 'cat /cfg/color')).toBe('blue'), {
			timeout: 2_000,
			interval: 50,
		});
		await vi.waitFor(
			async () => expect(await sh('configs', 'main', 'ls -A /cfg | wc -l')).toBe('4\n'),
			WITHIN,
		);
		expect(await sh('configs', 'main', 'cat /one; ls /cfg')).toBe('redcolor\nsame\n');
	});

	it('a secret is there again after the pause has died', async () => {
		const before = await get('configs');
		const [pause] = await engine.listContainers([
			`${POD_UID}=${before.metadata.uid}`,
			'io.kubernetes.container.name=POD',
		]);
		await engine.killContainer(pause?.id ?? '', 'KILL');
		await vi.waitFor(async () => {
			const [status] = (await get('configs')).status?.containerStatuses ?? [];
			expect(status?.restartCount).toBe(1);
			expect(status?.state?.running).toBeDefined();
		}, WITHIN);
		expect(await sh('configs', 'main', 'cat /hidden/token /one; ls /cfg')).toBe('s3cretbluecolor\nsame\n');
		await remove('Pod', 'configs');
	});

	it('configs: the next supervisor goes on with the running pod, and what is removed vanishes there too', async () => {
		await create('ConfigMap', 'next', { data: { old: '1', kept: '1' } });
		await pod('adopted', {
			volumes: [{ name: 'cfg', configMap: { name: 'next' } }],
			containers: [container('main', 'sleep 3600', [{ name: 'cfg', mountPath: '/cfg' }])],
		});
		const before = await phase('adopted', 'Running');
		await supervisor.stop();
		await begin();
		const map = await supervisor.backend.get('ConfigMap', 'default', 'next');
		await supervisor.backend.update('ConfigMap', { ...map, data: { kept: '2', added: '2' } }, {});
		await vi.waitFor(
			async () => expect(await sh('adopted', 'main', 'ls /cfg; cat /cfg/*')).toBe('added\nkept\n22'),
			WITHIN,
		);
		// Besides the two names: ..data and the one version that it leads to.
		await vi.waitFor(
			async () => expect(await sh('adopted', 'main', 'ls -A /cfg | wc -l')).toBe('4\n'),
			WITHIN,
		);
		expect((await get('adopted')).status?.containerStatuses?.[0]?.containerID).toBe(
			before.status?.containerStatuses?.[0]?.containerID,
		);
		await remove('Pod', 'adopted');
	});

	it('emptyDir: open to all, shared, with parts of it by subPath and subPathExpr, nested and read-only', async () => {
		const disk = { name: 'disk', mountPath: '/disk' };
		await pod('shared', {
			restartPolicy: 'Never',
			volumes: [
				{ name: 'disk', emptyDir: {} },
				{ name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
			],
			initContainers: [
				container(
					'first',
					'ln -s /etc /disk/out; mkdir -p /disk/real; ln -s real /disk/in; echo 1 > /disk/real/f',
					[disk],
				),
			],
			containers: [
				container(
					'user',
					'stat -c %a /disk /disk/mem > /dev/termination-log; touch /disk/mine /disk/mem/mine && cat /in/f >> /dev/termination-log; pwd >> /expr/who',
					[
						disk,
						{ name: 'mem', mountPath: '/disk/mem' },
						{ name: 'disk', mountPath: '/in', subPath: 'in' },
						{ name: 'disk', mountPath: '/expr', subPathExpr: 'logs/$(ME)' },
					],
					{ securityContext: { runAsUser: 1000 }, env: [{ name: 'ME', value: 'user' }], workingDir: '/tmp' },
				),
				container(
					'reader',
					'while ! [ -s /disk/logs/user/who ]; do sleep 0.1; done; (touch /disk/x || cat /disk/logs/user/who) > /dev/termination-log 2>&1',
					[{ ...disk, readOnly: true }],
				),
			],
		});
		const done = await phase('shared', 'Succeeded');
		expect(message(done, 'user')).toMatch(/^777\n1?777\n1\n$/);
		expect(message(done, 'reader')).toMatch(/Read-only file system\n\/tmp\n$/);
		await remove('Pod', 'shared');
	});

	it('a subPath that leads out of its volume is refused', async () => {
		await pod('escape', {
			volumes: [{ name: 'disk', emptyDir: {} }],
			initContainers: [container('plant', 'ln -s / /disk/out', [{ name: 'disk', mountPath: '/disk' }])],
			containers: [container('main', 'ls /v', [{ name: 'disk', mountPath: '/v', subPath: 'out/etc' }])],
		});
		await vi.waitFor(async () => {
			const [status] = (await get('escape')).status?.containerStatuses ?? [];
			expect(status?.state?.waiting).toMatchObject({ reason: 'CreateContainerConfigError' });
			expect(status?.state?.waiting?.message).toContain('leads out of the volume');
		}, WITHIN);
		await remove('Pod', 'escape');
	});

	it('a claim outlives its pod, is handed to fsGroup, and goes with the last pod that uses it', async () => {
		const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
		const claim = await create('PersistentVolumeClaim', 'data', { spec });
		expect(claim).toMatchObject({ status: { phase: 'Bound', capacity: { storage: '1Gi' } } });
		const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
		const mounts = [{ name: 'data', mountPath: '/data' }];
		const script = 'mkdir /data/d; echo kept > /data/d/f; chmod 600 /data/d/f; chmod 700 /data/d';
		await pod('writer', { restartPolicy: 'Never', volumes, containers: [container('main', script, mounts)] });
		await phase('writer', 'Succeeded');
		await remove('Pod', 'writer');

		await pod('grouped', {
			volumes,
			securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 },
			containers: [container('main', 'sleep 3600', mounts)],
		});
		await phase('grouped', 'Running');
		expect(
			await sh(
				'grouped',
				'main',
				'cat /data/d/f; echo more >> /data/d/f; stat -c %a:%g /data/d /data/d/f; touch /data/new; stat -c %g /data/new',
			),
		).toBe('kept\n2770:2000\n660:2000\n2000\n');

		const volume = claimVolumeName(instance, 'default', 'data');
		expect(await engine.inspectVolume(volume)).toBeDefined();
		await supervisor.backend.delete('PersistentVolumeClaim', 'default', 'data', {});
		expect(
			(await supervisor.backend.get('PersistentVolumeClaim', 'default', 'data')).metadata.deletionTimestamp,
		).toBeDefined();
		expect(await sh('grouped', 'main', 'cat /data/d/f')).toBe('kept\nmore\n');
		await remove('Pod', 'grouped');
		await gone('PersistentVolumeClaim', 'data');
		await vi.waitFor(async () => expect(await engine.inspectVolume(volume)).toBeUndefined(), WITHIN);
	});

	it('an image volume shows the files of its image, read-only, and a folder of it by subPath', async () => {
		await pod('images', {
			restartPolicy: 'Never',
			volumes: [{ name: 'img', image: { reference: IMAGE, pullPolicy: 'IfNotPresent' } }],
			containers: [
				container(
					'main',
					'(ls /img/bin/busybox /part/passwd; grep -c root /img/etc/passwd; touch /img/x) > /dev/termination-log 2>&1; true',
					[
						{ name: 'img', mountPath: '/img' },
						{ name: 'img', mountPath: '/part', subPath: 'etc' },
					],
				),
				container('other', 'test -u /img/bin/busybox || test -x /img/bin/busybox', [
					{ name: 'img', mountPath: '/img' },
				]),
			],
		});
		expect(message(await phase('images', 'Succeeded'), 'main')).toMatch(
			/^\/img\/bin\/busybox\n\/part\/passwd\n1\ntouch: .*Read-only file system\n$/,
		);
		await remove('Pod', 'images');
	});

	it('a path of the host that is not of its type is told by the container that waits', async () => {
		await pod('host', {
			volumes: [{ name: 'h', hostPath: { path: '/etc', type: 'File' } }],
			containers: [container('main', 'true', [{ name: 'h', mountPath: '/h' }])],
		});
		await vi.waitFor(async () => {
			const [status] = (await get('host')).status?.containerStatuses ?? [];
			expect(status?.state?.waiting).toEqual({
				reason: 'ContainerCreating',
				message: 'MountVolume.SetUp failed for volume "h" : hostPath type check failed: /etc is not a file',
			});
		}, WITHIN);
		await remove('Pod', 'host');
	});

	it('a pod that fills an emptyDir over its limit is evicted, all of it', async () => {
		await pod('full', {
			volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
			containers: [
				container('main', 'dd if=/dev/zero of=/v/f bs=1M count=2; sleep 3600', [
					{ name: 'v', mountPath: '/v' },
				]),
			],
		});
		const failed = await phase('full', 'Failed');
		expect(failed.status).toMatchObject({
			reason: 'Evicted',
			message: 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
		});
		await vi.waitFor(async () => {
			const [status] = (await get('full')).status?.containerStatuses ?? [];
			expect(status?.state?.terminated).toBeDefined();
		}, WITHIN);
		expect((await get('full')).status?.reason).toBe('Evicted');
		await remove('Pod', 'full');
	});

	it('an unsafe sysctl fails the pod before anything of it starts', async () => {
		await pod('tuned', {
			securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '65536' }] },
			containers: [container('main', 'true', [])],
		});
		const failed = await phase('tuned', 'Failed');
		expect(failed.status?.reason).toBe('SysctlForbidden');
		expect(await engine.listContainers([`${POD_UID}=${failed.metadata.uid}`])).toEqual([]);
		await remove('Pod', 'tuned');
	});
});
