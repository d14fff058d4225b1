import { describe, expect, it } from 'vitest';
import type { Container, PodSpec, Volume } from '../../../src/api/types.ts';
import { pauseEntries, podFiles } from '../../../src/translate/files.ts';
import { engineMount, plannedMounts } from '../../../src/translate/mounts.ts';
import { renderVolume, versionEntries, versionFolder } from '../../../src/translate/payload.ts';
import { plannedVolumes } from '../../../src/translate/volumes.ts';
import { contextOf, NODE, podOf, refsOf } from '../../support/translate.ts';

const planOf = (volume: Partial<Volume>, spec: Partial<PodSpec> = {}, container: Partial<Container> = {}) =>
	plannedVolumes(
		podOf(
			{ volumes: [{ name: 'v', ...volume }], ...spec },
			{ volumeMounts: [{ name: 'v', mountPath: '/v' }], ...container },
		),
		contextOf(),
	).find((one) => one.volume === 'v');

describe('the volumes of a pod', () => {
	it('on disk are open to every user and go with the pod', () => {
		expect(planOf({ emptyDir: {} })).toMatchObject({
			kind: 'emptyDir',
			tmpfs: false,
			options: {},
			inPause: true,
			ownedByPod: true,
			root: { mode: 0o777, gid: 0 },
		});
	});

	it('in memory are as large as the least of limit, pod and node', () => {
		const sized = planOf({ emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } });
		expect(sized).toMatchObject({
			tmpfs: true,
			options: { type: 'tmpfs', device: 'tmpfs', o: 'size=2097152,mode=0777' },
		});
		const bounded = planOf(
			{ emptyDir: { medium: 'Memory' } },
			{},
			{ resources: { limits: { memory: '64Mi' } } },
		);
		expect(bounded?.options.o).toBe(`size=${64 * 1024 ** 2},mode=0777`);
		expect(planOf({ emptyDir: { medium: 'Memory' } })?.options.o).toBe(`size=${NODE.memoryBytes},mode=0777`);
	});

	it('belong to fsGroup, and so does what is made in them', () => {
		const securityContext = { fsGroup: 2345 };
		expect(planOf({ emptyDir: {} }, { securityContext })?.root).toEqual({ mode: 0o2777, gid: 2345 });
		expect(planOf({ emptyDir: { medium: 'Memory' } }, { securityContext })?.options.o).toContain(
			'mode=2777,gid=2345',
		);
	});

	it('of a secret touch no disk', () => {
		expect(planOf({ secret: { secretName: 's' } })?.tmpfs).toBe(true);
		expect(planOf({ projected: { sources: [{ secret: { name: 's' } }] } })?.tmpfs).toBe(true);
		expect(planOf({ configMap: { name: 'c' } })?.tmpfs).toBe(false);
	});

	it('of a claim outlive the pod', () => {
		expect(planOf({ persistentVolumeClaim: { claimName: 'data' } })).toMatchObject({
			name: 'podrun_pvc_default_data',
			ownedByPod: false,
			labels: { 'podrun.dev/claim': 'default/data' },
		});
	});

	it('leave out an image that nobody mounts', () => {
		expect(planOf({ image: { reference: 'x:1' } }, {}, { volumeMounts: [] })).toBeUndefined();
		expect(planOf({ image: { reference: 'x:1' } })).toMatchObject({
			inPause: false,
			image: { reference: 'x:1' },
		});
	});

	it('on nfs never keep the pause from starting', () => {
		expect(planOf({ nfs: { server: 'nas', path: '/export', readOnly: true } })).toMatchObject({
			inPause: false,
			options: { type: 'nfs', o: 'addr=nas,ro', device: ':/export' },
		});
	});
});

describe('files that the pause is given', () => {
	const pod = podOf({ volumes: [{ name: 'v', emptyDir: {} }] });
	const name = planOf({ emptyDir: {} })?.name ?? '';

	it('set the roots of fresh volumes, and leave those of others alone', () => {
		const paths = (fresh: string[]): string[] =>
			pauseEntries(podFiles(pod, contextOf(), new Set(fresh), [])).map((entry) => entry.path);
		expect(paths([name])).toContain('volumes/v');
		expect(paths([])).not.toContain('volumes/v');
	});

	it('hold a message file that any user may write', () => {
		const entries = pauseEntries(podFiles(pod, contextOf(), new Set(), [{ container: 'main', attempt: 2 }]));
		expect(entries.at(-1)).toMatchObject({ path: 'volumes/podrun.files/messages/main-2', mode: 0o666 });
	});
});

describe('mounts of a container', () => {
	const mountsOf = (container: Partial<Container>, volumes: Volume[], spec: Partial<PodSpec> = {}) => {
		const pod = podOf({ volumes, ...spec }, container);
		return plannedMounts(pod, pod.spec.containers[0] as Container, contextOf({ attempt: 1 }));
	};

	it('come outer before inner, whatever their order in the list', () => {
		const volumeMounts = [
			{ name: 'a', mountPath: '/a/b/c' },
			{ name: 'b', mountPath: '/a' },
			{ name: 'c', mountPath: 'a/b/' },
		];
		const volumes = ['a', 'b', 'c'].map((name) => ({ name, emptyDir: {} }));
		const targets = mountsOf({ volumeMounts }, volumes).map((mount) => mount.target);
		expect(targets.filter((target) => target.startsWith('/a'))).toEqual(['/a', '/a/b', '/a/b/c']);
	});

	it('bring the pod’s hosts file and a message file of the attempt', () => {
		expect(mountsOf({}, [])).toEqual([
			expect.objectContaining({ kind: 'podFile', file: 'hosts', target: '/etc/hosts' }),
			expect.objectContaining({
				kind: 'terminationMessage',
				file: 'messages/main-1',
				target: '/dev/termination-log',
			}),
		]);
		expect(mountsOf({}, [], { hostNetwork: true }).map((mount) => mount.target)).toEqual([
			'/dev/termination-log',
		]);
	});

	it('leave a container its own /etc/hosts', () => {
		const volumeMounts = [{ name: 'h', mountPath: '/etc/hosts', subPath: 'hosts' }];
		const kinds = mountsOf({ volumeMounts }, [{ name: 'h', configMap: { name: 'h' } }]).map(
			(mount) => mount.kind,
		);
		expect(kinds).toEqual(['volume', 'terminationMessage']);
	});

	it('bring a resolv.conf where the engine’s own can’t say it', () => {
		const targets = mountsOf({}, [], { dnsPolicy: 'Default' }).map((mount) => mount.target);
		expect(targets).toContain('/etc/resolv.conf');
	});

	it('of configs are read-only, and no image content is copied into a volume', () => {
		const [mount] = mountsOf({ volumeMounts: [{ name: 'c', mountPath: '/c' }] }, [
			{ name: 'c', configMap: { name: 'c' } },
		]);
		expect(mount && engineMount(mount, '1.41')).toMatchObject({
			type: 'volume',
			readOnly: true,
			noCopy: true,
		});
	});

	it('with a subPath wait for hands on an engine that would mount the whole volume', () => {
		const volumeMounts = [{ name: 'e', mountPath: '/e', subPath: './deep//dir/' }];
		const [mount] = mountsOf({ volumeMounts }, [{ name: 'e', emptyDir: {} }]);
		expect(mount).toMatchObject({ subPath: 'deep/dir' });
		expect(mount && engineMount(mount, '1.41')).toBeUndefined();
		expect(mount && engineMount(mount, '1.45')).toMatchObject({ subPath: 'deep/dir' });
	});

	it('expand subPathExpr, and refuse one that leads out or has no value', () => {
		const at = (subPathExpr: string, value: string) => {
			const volumeMounts = [{ name: 'e', mountPath: '/e', subPathExpr }];
			return mountsOf({ volumeMounts, env: [{ name: 'P', value }] }, [{ name: 'e', emptyDir: {} }])[0];
		};
		expect(at('logs/$(P)', 'web')).toMatchObject({ subPath: 'logs/web' });
		expect(() => at('$(P)', '../x')).toThrow("must not contain '..'");
		expect(() => at('$(P)', '/x')).toThrow('must not be an absolute path');
		expect(() => at('$(NONE)', 'x')).toThrow('missing value for NONE');
		expect(() => at('$(NONE)/$(P)/$(A)', '')).toThrow('missing value for A, NONE, P');
	});

	it('of an image are the engine’s own, but for the second of one image in a container, which 28.5 refuses', () => {
		const volumes = [{ name: 'i', image: { reference: 'busybox:1.36' } }];
		const volumeMounts = [
			{ name: 'i', mountPath: '/all' },
			{ name: 'i', mountPath: '/part', subPath: 'etc' },
		];
		const planned = mountsOf({ volumeMounts }, volumes).slice(0, 2);
		const on = (apiVersion: string) => planned.map((mount) => engineMount(mount, apiVersion));
		const source = expect.stringContaining('podrun');
		expect(on('1.51')).toEqual([
			{ type: 'image', source: 'busybox:1.36', target: '/all' },
			{ type: 'volume', source, target: '/part', readOnly: true, noCopy: true, subPath: 'etc' },
		]);
		expect(on('1.41')).toMatchObject([{ type: 'volume', source, readOnly: true }, undefined]);
	});

	it('of the host keep path, type and propagation', () => {
		const volumeMounts = [{ name: 'h', mountPath: '/h', mountPropagation: 'HostToContainer' as const }];
		const [mount] = mountsOf({ volumeMounts }, [
			{ name: 'h', hostPath: { path: '/srv', type: 'Directory' } },
		]);
		expect(mount).toMatchObject({ kind: 'hostPath', path: '/srv', type: 'Directory', propagation: 'rslave' });
		expect(mount && engineMount(mount, '1.41')).toMatchObject({ type: 'bind', source: '/srv' });
		expect(mount && engineMount(mount, '1.41')).not.toHaveProperty('create');
	});

	it.each(['', 'DirectoryOrCreate'] as const)(
		'of the host are made where nothing is for type "%s"',
		(type) => {
			const volumes = [{ name: 'h', hostPath: { path: '/srv', type } }];
			const [mount] = mountsOf({ volumeMounts: [{ name: 'h', mountPath: '/h' }] }, volumes);
			expect(mount && engineMount(mount, '1.51')).toMatchObject({ source: '/srv', create: true });
		},
	);
});

describe('what a volume holds', () => {
	const refs = refsOf({
		configMaps: { c: { conf: 'from-map', extra: 'x' } },
		secrets: { s: { pass: 'hidden' } },
	});
	const rendered = (volume: Partial<Volume>, spec: Partial<PodSpec> = {}, metadata = {}) => {
		const pod = podOf(spec, { resources: { limits: { cpu: '250m' } } }, metadata);
		const { files } = renderVolume(pod, { name: 'v', ...volume }, contextOf({ refs }));
		return files.map(({ path, mode, content }) => `${path} ${mode.toString(8)} ${Buffer.from(content)}`);
	};

	it('is every key, or just the items under their paths and modes', () => {
		expect(rendered({ configMap: { name: 'c' } })).toEqual(['conf 644 from-map', 'extra 644 x']);
		expect(
			rendered({
				secret: { secretName: 's', defaultMode: 0o444, items: [{ key: 'pass', path: 'a/b', mode: 0o400 }] },
			}),
		).toEqual(['a/b 400 hidden']);
	});

	it('of a projected volume is all of its sources together', () => {
		const sources = [
			{ configMap: { name: 'c', items: [{ key: 'conf', path: 'cm/conf' }] } },
			{ secret: { name: 's', items: [{ key: 'pass', path: 'sec/pass', mode: 0o400 }] } },
			{
				downwardAPI: {
					items: [
						{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
						{
							path: 'cpu',
							resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' },
						},
					],
				},
			},
			{ configMap: { name: 'none', optional: true } },
		];
		const labels = { zone: 'z1', app: 'say "hi"\n' };
		expect(rendered({ projected: { defaultMode: 0o440, sources } }, {}, { labels })).toEqual([
			'cm/conf 440 from-map',
			'cpu 440 250',
			'labels 440 app="say \\"hi\\"\\n"\nzone="z1"',
			'sec/pass 400 hidden',
		]);
	});

	it('may be read by the pod’s group', () => {
		expect(
			rendered({ secret: { secretName: 's', defaultMode: 0o400 } }, { securityContext: { fsGroup: 5 } }),
		).toEqual(['pass 440 hidden']);
	});

	it.each([
		[{ configMap: { name: 'x' } }, 'configmap "x" not found'],
		[{ secret: { secretName: 'x' } }, 'secret "x" not found'],
		[
			{ configMap: { name: 'c', items: [{ key: 'k', path: 'k' }] } },
			'configmap references non-existent config key: k',
		],
		[
			{ secret: { secretName: 's', items: [{ key: 'k', path: 'k' }] } },
			'references non-existent secret key: k',
		],
	])('holds the pod back when it is missing: %j', (volume, message) => {
		expect(() => rendered(volume)).toThrow(
			expect.objectContaining({
				reason: 'FailedMount',
				message: `MountVolume.SetUp failed for volume "v" : ${message}`,
			}),
		);
	});

	it('is swapped by one link', () => {
		const pod = podOf();
		const volume = renderVolume(
			pod,
			{ name: 'v', configMap: { name: 'c', items: [{ key: 'conf', path: 'd/conf' }] } },
			contextOf({ refs }),
		);
		const folder = versionFolder('2026-01-31T12:30:00Z', volume.hash);
		expect(folder).toMatch(/^\.\.2026_01_31_12_30_00\.\d{9}$/);
		const told = versionEntries(pod, volume, folder).map(({ path, target }) =>
			target ? `${path} -> ${target}` : path,
		);
		expect(told).toEqual([folder, `${folder}/d`, `${folder}/d/conf`, `..data -> ${folder}`, 'd -> ..data/d']);
	});
});
