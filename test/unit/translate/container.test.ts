import { describe, expect, it } from 'vitest';
import type { Container, PodSpec } from '../../../src/api/types.ts';
import { containerOptions, roleOf } from '../../../src/translate/container.ts';
import { milliCpuToShares } from '../../../src/translate/limits.ts';
import { contextOf, NODE, podOf, refsOf } from '../../support/translate.ts';

const optionsOf = (
	container: Partial<Container> = {},
	spec: Partial<PodSpec> = {},
	context: Parameters<typeof contextOf>[0] = {},
) => {
	const pod = podOf(spec, container);
	return containerOptions(pod, pod.spec.containers[0] as Container, contextOf(context));
};

describe('command and args', () => {
	it.each([
		['neither: the image decides', {}, {}],
		['args replace the image’s CMD', { args: ['a'] }, { cmd: ['a'] }],
		['a command leaves nothing of the image', { command: ['c'] }, { entrypoint: ['c'], cmd: [] }],
		['both', { command: ['c'], args: ['a', ''] }, { entrypoint: ['c'], cmd: ['a', ''] }],
	])('%s', (_what, container, expected) => {
		const { entrypoint, cmd } = optionsOf(container).options;
		expect({ entrypoint, cmd }).toEqual({ entrypoint: undefined, cmd: undefined, ...expected });
	});

	it('are expanded with the whole environment', () => {
		const { options } = optionsOf(
			{
				command: ['$(WORD)', '$$(WORD)'],
				args: ['$(B)', '$(NONE)'],
				env: [{ name: 'WORD', value: 'echo' }],
				envFrom: [{ configMapRef: { name: 'a' } }],
			},
			{},
			{ refs: refsOf({ configMaps: { a: { B: 'b' } } }) },
		);
		expect(options).toMatchObject({ entrypoint: ['echo', '$(WORD)'], cmd: ['b', '$(NONE)'] });
	});
});

describe('the namespaces of a container', () => {
	it('are the pause’s, and the PID namespace by profile', () => {
		const joined = { networkMode: 'container:p4u53', ipcMode: 'container:p4u53' };
		expect(optionsOf().options).toMatchObject({ ...joined, pidMode: '' });
		expect(optionsOf({}, {}, { profile: 'local' }).options).toMatchObject({
			...joined,
			pidMode: 'container:p4u53',
		});
	});

	it('follow shareProcessNamespace in either profile', () => {
		expect(optionsOf({}, { shareProcessNamespace: true }).options.pidMode).toBe('container:p4u53');
		const own = optionsOf({}, { shareProcessNamespace: false }, { profile: 'local' });
		expect(own.options.pidMode).toBe('');
	});

	it('are the host’s where the pod asks for them', () => {
		const { options } = optionsOf({}, { hostPID: true, hostIPC: true, hostNetwork: true });
		expect(options).toMatchObject({
			pidMode: 'host',
			ipcMode: 'host',
			utsMode: 'host',
			networkMode: 'container:p4u53',
		});
	});

	it('of a debug container are its target’s', () => {
		expect(optionsOf({}, {}, { targetID: 't4rg3t' }).options.pidMode).toBe('container:t4rg3t');
	});
});

describe('resources', () => {
	it.each([
		[0n, 2],
		[1n, 2],
		[100n, 102],
		[1000n, 1024],
		[1_000_000n, 262_144],
	])('%s millicores are %s shares', (milli, shares) => {
		expect(milliCpuToShares(milli)).toBe(shares);
	});

	it('limit CPU by quota and memory without swap', () => {
		const resources = { limits: { cpu: '250m', memory: '64Mi' }, requests: { cpu: '100m' } };
		expect(optionsOf({ resources }).options.resources).toEqual({
			cpuShares: 102,
			nanoCpus: 250_000_000,
			memoryBytes: 64 * 1024 ** 2,
			memorySwapBytes: 64 * 1024 ** 2,
		});
	});

	it('never ask for less CPU than the kernel can give', () => {
		expect(optionsOf({ resources: { limits: { cpu: '1m' } } }).options.resources?.nanoCpus).toBe(10_000_000);
	});

	it('set who is killed first when memory runs out', () => {
		const score = (resources: Container['resources']) => optionsOf({ resources }).options.oomScoreAdj;
		const both = { cpu: '1', memory: '1Gi' };
		expect(score({})).toBe(1000);
		expect(score({ limits: both })).toBe(-997);
		expect(score({ requests: { memory: '2Gi' } })).toBe(750);
		expect(score({ requests: { memory: '8Gi' } })).toBe(3);
		expect(score({ requests: { cpu: '1' } })).toBe(999);
	});

	it('say so where the engine may not lower the score, and go without', () => {
		const limits = { cpu: '1', memory: '1Gi' };
		const { options, notes } = optionsOf(
			{ resources: { limits } },
			{},
			{ node: { ...NODE, oomScoreAllowed: false } },
		);
		expect(options.oomScoreAdj).toBeUndefined();
		expect(notes).toEqual(['the engine may not lower oom_score_adj: main runs without its -997']);
	});
});

describe('a container on the engine', () => {
	it('has name and labels of its attempt', () => {
		expect(optionsOf({}, {}, { attempt: 3, backoffMs: 20_000 }).options).toMatchObject({
			name: 'podrun_web_default_main_3',
			labels: {
				'io.kubernetes.pod.name': 'web',
				'io.kubernetes.container.name': 'main',
				'podrun.dev/role': 'app',
				'podrun.dev/attempt': '3',
				'podrun.dev/backoff': '20000',
				'podrun.dev/hash': 'cafe',
				'podrun.dev/resources': 'beef',
				'podrun.dev/sandbox': 'p4u53',
			},
		});
	});

	it('keeps secrets out of its labels', () => {
		const env = [{ name: 'PASS', valueFrom: { secretKeyRef: { name: 's', key: 'p' } } }];
		const { options } = optionsOf({ env }, {}, { refs: refsOf({ secrets: { s: { p: 'hush-hush' } } }) });
		expect(options.env).toContain('PASS=hush-hush');
		expect(JSON.stringify(options.labels)).not.toContain('hush-hush');
	});

	it('passes on stdin, tty, working directory and stop signal', () => {
		const container = {
			stdin: true,
			stdinOnce: true,
			tty: true,
			workingDir: '/srv',
			lifecycle: { stopSignal: 'SIGUSR1' },
		};
		expect(optionsOf(container as Partial<Container>).options).toMatchObject({
			openStdin: true,
			stdinOnce: true,
			tty: true,
			workingDir: '/srv',
			stopSignal: 'SIGUSR1',
		});
	});

	it('has the role of the list that it stands in', () => {
		const one = (name: string, more: object = {}) => ({ name, image: 'x', ...more });
		const pod = podOf({
			initContainers: [one('i'), one('s', { restartPolicy: 'Always' })],
			containers: [one('a')],
			ephemeralContainers: [one('e')],
		});
		expect(['i', 's', 'a', 'e'].map((name) => roleOf(pod, one(name)))).toEqual([
			'init',
			'sidecar',
			'app',
			'ephemeral',
		]);
	});
});
