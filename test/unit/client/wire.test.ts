/** How requests name what they are about. */
import { expect, test } from 'vitest';
import { resourcePath } from '../../../src/client/wire.ts';

test('paths escape names', () => {
	expect(resourcePath('pods', 'default')).toBe('/api/v1/namespaces/default/pods');
	expect(resourcePath('pods', 'default', 'a/b', 'log')).toBe('/api/v1/namespaces/default/pods/a%2Fb/log');
});

test('an empty name is no name of all', () => {
	expect(() => resourcePath('pods', 'default', '')).toThrow('resource name may not be empty');
});
