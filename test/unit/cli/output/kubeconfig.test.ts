/** The kubeconfig of `podrun api`: alone, and joined to one that is there. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { kubeconfigWith } from '../../../../src/cli/output/kubeconfig.ts';

const ACCESS = { server: 'https://127.0.0.1:1', token: 't0ken', authority: 'PEM', namespace: 'default' };

describe('kubeconfigWith', () => {
	test('alone it is current', () => {
		expect(parse(kubeconfigWith(ACCESS, undefined, 'f'))).toEqual({
			apiVersion: 'v1',
			kind: 'Config',
			clusters: [
				{
					name: 'podrun',
					cluster: {
						server: 'https://127.0.0.1:1',
						'certificate-authority-data': Buffer.from('PEM').toString('base64'),
					},
				},
			],
			contexts: [{ name: 'podrun', context: { cluster: 'podrun', user: 'podrun', namespace: 'default' } }],
			users: [{ name: 'podrun', user: { token: 't0ken' } }],
			'current-context': 'podrun',
		});
	});

	test('others stay, an older entry of ours is replaced', () => {
		const before = parse(kubeconfigWith({ ...ACCESS, token: 'old' }, undefined, 'f'));
		const mine = { name: 'mine', user: { token: 'mine' } };
		const present = { ...before, users: [mine, ...before.users], 'current-context': 'mine', preferences: {} };
		const joined = parse(kubeconfigWith(ACCESS, present, 'f'));
		expect(joined.users).toEqual([mine, { name: 'podrun', user: { token: 't0ken' } }]);
		expect(joined['current-context']).toBe('mine');
		expect(joined.preferences).toEqual({});
	});

	test.each([['text'], [{ kind: 'Pod' }], [[1]]])('%j is no kubeconfig', (present) => {
		expect(() => kubeconfigWith(ACCESS, present, 'x.yaml')).toThrow(
			'x.yaml exists and is no kubeconfig: it is left as it is',
		);
	});
});
