import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	claimVolumeName,
	containerName,
	makeLabels,
	parseClaimVolumeName,
	parseContainerName,
	parseLabels,
	prefixOf,
	sandboxName,
	volumeName,
} from '../../../src/translate/names.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const subdomain = fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
const instance = fc.constantFrom('default', 'ci', 'build-7');
const pod = fc.record({ name: subdomain, namespace: label, uid: fc.uuid() });
const attempt = fc.nat({ max: 100_000 });
const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

describe('names on the engine', () => {
	it('tell the container that they were made for', () => {
		fc.assert(
			fc.property(instance, pod, label, attempt, (where, identity, container, n) => {
				const { name, namespace } = identity;
				expect(parseContainerName(where, containerName(where, identity, container, n))).toEqual({
					pod: name,
					namespace,
					container,
					attempt: n,
				});
				expect(parseContainerName(where, `/${sandboxName(where, identity, n)}`)).toEqual({
					pod: name,
					namespace,
					container: 'POD',
					attempt: n,
				});
			}),
		);
	});

	it('tell the claim that they were made for', () => {
		fc.assert(
			fc.property(instance, label, subdomain, (where, namespace, claim) => {
				expect(parseClaimVolumeName(where, claimVolumeName(where, namespace, claim))).toEqual({
					namespace,
					claim,
				});
			}),
		);
	});

	it('read as podrun_<pod>_<namespace>_<container>_<attempt>', () => {
		const identity = { name: 'web', namespace: 'team', uid: 'u' };
		expect(sandboxName('default', identity, 0)).toBe('podrun_web_team');
		expect(sandboxName('default', identity, 2)).toBe('podrun_web_team_2');
		expect(containerName('ci', identity, 'nginx', 3)).toBe('podrun-ci_web_team_nginx_3');
		expect(claimVolumeName('default', 'team', 'data')).toBe('podrun_pvc_team_data');
	});

	it('stay short and valid for the longest names of Kubernetes, and differ where those do', () => {
		const long = (last: string) => ({
			name: `${'p'.repeat(252)}${last}`,
			namespace: 'n'.repeat(63),
			uid: 'u',
		});
		const name = containerName('default', long('a'), 'c'.repeat(63), 12);
		expect(name.length).toBeLessThan(255);
		expect(name).toMatch(DOCKER_NAME);
		expect(name).not.toBe(containerName('default', long('b'), 'c'.repeat(63), 12));
		expect(name).not.toBe(containerName('default', long('a'), 'c'.repeat(63), 13));
		expect(parseContainerName('default', name)).toBeUndefined();
	});

	it('of another instance and of others are not ours', () => {
		expect(parseContainerName('default', 'podrun-ci_web_team')).toBeUndefined();
		expect(parseContainerName('default', 'nginx')).toBeUndefined();
		expect(parseContainerName('default', 'podrun_a_b_c_d')).toBeUndefined();
	});

	it('keep an instance from spelling what an engine refuses', () => {
		expect(prefixOf('Jo Doe_x')).toBe('podrun-Jo-Doe-x');
	});

	it('give a pod that was made anew other volumes', () => {
		const one = volumeName('default', { name: 'web', namespace: 'default', uid: 'a' }, 'data');
		expect(one).toMatch(/^podrun_web_default_data_[0-9a-f]{8}$/);
		expect(volumeName('default', { name: 'web', namespace: 'default', uid: 'b' }, 'data')).not.toBe(one);
	});
});

describe('labels', () => {
	it('tell all that they were made of', () => {
		const identity = fc.record({
			instance,
			pod,
			container: fc.oneof(label, fc.constant('POD')),
			role: fc.constantFrom('infra', 'init', 'sidecar', 'app', 'ephemeral'),
			attempt,
			hash: fc.stringMatching(/^[0-9a-f]{16}$/),
			resourcesHash: fc.stringMatching(/^[0-9a-f]{16}$/),
			backoffMs: fc.nat({ max: 300_000 }),
			sandboxID: fc.stringMatching(/^[0-9a-f]{64}$/),
		} as const);
		fc.assert(
			fc.property(identity, (one) => {
				expect(parseLabels(makeLabels(one))).toEqual(one);
			}),
		);
	});

	it('of other containers tell nothing', () => {
		expect(parseLabels({})).toBeUndefined();
		expect(
			parseLabels({ 'io.kubernetes.pod.name': 'x', 'io.kubernetes.container.name': 'y' }),
		).toBeUndefined();
	});
});
