/** The support table must know every field of the schema, and what it says must be what happens. */
import { describe, expect, test } from 'vitest';
import { supportRows, unlistedFields, unsupportedFields } from '../../../src/manifest/support.ts';
import { decoded, faults, pod } from './fixtures.ts';

test('every field that a Pod can have is in the table', () => {
	expect(unlistedFields()).toEqual([]);
});

test('whatever is not honoured says how or why', () => {
	const rows = supportRows();
	expect(rows.length).toBeGreaterThan(300);
	expect(rows.filter(({ level, note }) => level !== 'honoured' && note === '')).toEqual([]);
	expect(rows.map(({ path }) => path)).toContain('spec.containers.livenessProbe.httpGet.port');
	expect(new Set(rows.map(({ path }) => path)).size).toBe(rows.length);
});

describe('fields are found wherever they are used', () => {
	const found = (parts: Parameters<typeof pod>[0]): string[] =>
		unsupportedFields(decoded(pod(parts))).map(({ level, path }) => `${level} ${path}`);
	test.each([
		[
			{ spec: { nodeSelector: { a: 'b' }, tolerations: [{ operator: 'Exists' }] } },
			['ignored spec.nodeSelector', 'ignored spec.tolerations'],
		],
		[{ spec: { tolerations: [], schedulerName: 'default-scheduler', priority: 0 } }, []],
		[{ spec: { schedulerName: 'other' } }, ['ignored spec.schedulerName']],
		[
			{ container: { volumeDevices: [{ name: 'a', devicePath: '/x' }] } },
			['refused spec.containers[0].volumeDevices'],
		],
		[{ spec: { os: { name: 'windows' } } }, ['refused spec.os.name']],
		[{ spec: { os: { name: 'linux' } } }, []],
		[
			{ spec: { volumes: [{ name: 'a', emptyDir: { medium: 'HugePages' } }] } },
			['refused spec.volumes[0].emptyDir.medium'],
		],
		[
			{ spec: { volumes: [{ name: 'a', rbd: { image: 'x', monitors: ['y'] } }] } },
			['refused spec.volumes[0].rbd'],
		],
		[
			{
				metadata: {
					uid: 'u',
					creationTimestamp: '2020-01-01T00:00:00Z',
					ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'b', uid: 'c' }],
				},
			},
			['ignored metadata.ownerReferences'],
		],
	])('%j', (parts, expected) => {
		expect(found(parts)).toEqual(expected);
	});
	test('what is refused is an error of validation too, in every profile', () => {
		const object = pod({ spec: { volumes: [{ name: 'a', csi: { driver: 'x' } }] } });
		for (const profile of ['local', 'kubernetes'] as const) {
			expect(faults(object, profile).join()).toContain(
				"spec.volumes[0].csi: Forbidden: podrun can't honour this field",
			);
		}
	});
});
