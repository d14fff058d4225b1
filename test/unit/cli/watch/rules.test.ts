/** Changed paths → work. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../../src/api/types.ts';
import type { BuildRule, WatchRule } from '../../../../src/cli/watch/annotations.ts';
import { IgnoreRules } from '../../../../src/cli/watch/ignore.ts';
import { type Armed, type Change, isEmpty, planBatch, planObjects } from '../../../../src/cli/watch/rules.ts';

const pod = { namespace: 'default', name: 'web' };

function rule(part: Partial<WatchRule>): WatchRule {
	return { pod, container: 'app', action: 'sync', ignore: [], initialSync: true, ...part };
}

function armed(rules: readonly WatchRule[], builds: readonly BuildRule[] = [], spec: object = {}): Armed {
	return {
		rules: rules.map((one) => ({ rule: one, ignore: new IgnoreRules(one.ignore) })),
		builds: builds.map((build) => ({ build, ignore: new IgnoreRules(['*.md']) })),
		never: new Set(['/p/pod.yaml', '/p/Dockerfile']),
		pods: new Map([
			[
				'default/web',
				{
					spec: {
						containers: [
							{ name: 'app', image: 'app:dev', volumeMounts: [{ name: 'shared', mountPath: '/data' }] },
							{ name: 'side', volumeMounts: [{ name: 'shared', mountPath: '/mnt/', subPath: 'x' }] },
						],
						...spec,
					},
				} as unknown as Pod,
			],
		]),
	};
}

const changed = (...paths: string[]): Change[] => paths.map((path) => ({ path, gone: false, folder: false }));
const gone = (...paths: string[]): Change[] => paths.map((path) => ({ path, gone: true, folder: false }));

describe('rules', () => {
	test('files go to the target with their path below the rule, removed ones too', () => {
		const world = armed([rule({ path: '/p/src', target: '/app' })]);
		const batch = planBatch(world, [...changed('/p/src/a', '/p/src/b/c'), ...gone('/p/src/d')]);
		expect(batch.syncs).toEqual([
			{
				pod,
				container: 'app',
				writes: [
					{ source: '/p/src/a', target: '/app/a' },
					{ source: '/p/src/b/c', target: '/app/b/c' },
				],
				removed: ['/app/d'],
			},
		]);
	});

	test('what is ignored, beside the path, a manifest or a Dockerfile asks for nothing', () => {
		const world = armed([rule({ path: '/p', target: '/app', ignore: ['tmp'] })]);
		expect(isEmpty(planBatch(world, changed('/p/tmp/x', '/p2/a', '/q')))).toBe(true);
		expect(planBatch(world, changed('/p/pod.yaml', '/p/Dockerfile')).syncs).toEqual([]);
	});

	test('the folder of a rule that goes leaves its target; a file of a rule goes', () => {
		const world = armed([
			rule({ path: '/p/src', target: '/app' }),
			rule({ path: '/p/one', target: '/etc/one' }),
		]);
		const batch = planBatch(world, [
			{ path: '/p/src', gone: true, folder: true },
			{ path: '/p/one', gone: true, folder: false },
		]);
		expect(batch.syncs).toMatchObject([{ writes: [], removed: ['/etc/one'] }]);
	});

	test('restarts and execs once for a batch', () => {
		const command = ['reload'];
		const world = armed([
			rule({ path: '/p/conf', target: '/conf', action: 'sync+exec', command }),
			rule({ path: '/p/lib', target: '/lib', action: 'sync+restart' }),
			rule({ path: '/p/env', action: 'restart' }),
		]);
		const batch = planBatch(world, changed('/p/conf/a', '/p/conf/b', '/p/lib/c', '/p/env'));
		expect(batch.restarts).toEqual([{ pod, container: 'app' }]);
		expect(batch.execs).toEqual([{ pod, container: 'app', command }]);
		expect(batch.syncs[0]?.writes).toHaveLength(3);
	});

	test('at the start files are synced and nothing restarts', () => {
		const world = armed([
			rule({ path: '/p/a', target: '/a', action: 'sync+restart' }),
			rule({ path: '/p/b', target: '/b', initialSync: false }),
		]);
		const batch = planBatch(world, changed('/p/a/1', '/p/b/1'), true);
		expect(batch).toMatchObject({ restarts: [], rebuilds: [], syncs: [{ writes: [{ target: '/a/1' }] }] });
	});

	test('a file that two containers share through a volume is written once', () => {
		const world = armed([
			rule({ path: '/p/src', target: '/data/x/src' }),
			rule({ path: '/p/src', target: '/mnt/src', container: 'side' }),
			rule({ path: '/p/src', target: '/own', container: 'side' }),
		]);
		const { syncs } = planBatch(world, changed('/p/src/a'));
		expect(syncs.flatMap(({ writes }) => writes.map(({ target }) => target))).toEqual([
			'/data/x/src/a',
			'/own/a',
		]);
	});

	test('a context is rebuilt for what no rule takes care of, and each image once', () => {
		const build: BuildRule = {
			pod,
			image: 'app:dev',
			context: '/p',
			dockerfile: 'Dockerfile',
			args: {},
			initialBuild: true,
		};
		const world = armed(
			[rule({ path: '/p/src', target: '/app' }), rule({ path: '/p/package.json', action: 'rebuild' })],
			[build],
		);
		expect(planBatch(world, changed('/p/src/a')).rebuilds).toEqual([]);
		expect(planBatch(world, changed('/p/README.md')).rebuilds).toEqual([]);
		expect(planBatch(world, changed('/p/lib.c', '/p/package.json')).rebuilds).toEqual([build]);
	});

	test('a changed ConfigMap runs the command of its rule', () => {
		const object = { kind: 'ConfigMap', name: 'cfg' } as const;
		const world = armed([rule({ object, action: 'exec', command: ['hup'] })]);
		const about = (name: string, kind = 'ConfigMap', namespace = 'default') =>
			planObjects(world, [{ kind, name, namespace }]).execs.length;
		expect([about('cfg'), about('other'), about('cfg', 'Secret'), about('cfg', 'ConfigMap', 'n')]).toEqual([
			1, 0, 0, 0,
		]);
	});
});
