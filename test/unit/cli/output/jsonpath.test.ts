import { describe, expect, test } from 'vitest';
import { evaluate, find } from '../../../../src/cli/output/jsonpath.ts';

const data = {
	kind: 'List',
	items: [
		{
			metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'web' } },
			status: {
				phase: 'Running',
				conditions: [
					{ type: 'Initialized', status: 'True' },
					{ type: 'Ready', status: 'False' },
				],
				restarts: 3,
			},
		},
		{ metadata: { name: 'b' }, status: { phase: 'Pending', conditions: [], restarts: 0 } },
	],
};

describe("kubectl's jsonpath", () => {
	test.each([
		['{.kind}', 'List'],
		['{.items[0].metadata.name}', 'a'],
		['{.items[-1].metadata.name}', 'b'],
		['{.items[*].metadata.name}', 'a b'],
		['{$.items[*].status.phase}', 'Running Pending'],
		['{.items[0:1].metadata.name}', 'a'],
		['{.items[0,1].metadata.name}', 'a b'],
		["{.items[0].metadata['name']}", 'a'],
		['{..name}', 'a b'],
		['{.items[0].metadata.labels.app\\.kubernetes\\.io/name}', 'web'],
		['{.items[0].status.conditions[?(@.type=="Ready")].status}', 'False'],
		['{.items[?(@.status.restarts>0)].metadata.name}', 'a'],
		['{.items[?(@.metadata.labels)].metadata.name}', 'a'],
		['{range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}', 'a\tRunning\nb\tPending\n'],
		['name={.items[0].metadata.name};', 'name=a;'],
		['{.items[0].metadata.labels}', '{"app.kubernetes.io/name":"web"}'],
		['{.nothing.here}', ''],
		['{.items[9].metadata.name}', ''],
	])('%s', (template, text) => {
		expect(evaluate(template, data)).toBe(text);
	});

	test.each([
		['status.phase', ['Running']],
		['.status.phase', ['Running']],
		['{.status.phase}', ['Running']],
		['.status.missing', []],
	])('find %s without braces or first dot', (expression, values) => {
		expect(find(expression, data.items[0])).toEqual(values);
	});

	test.each([
		['{.items', /unclosed action/],
		['{range .items[*]}{.x}', /range without end/],
		['{end}', /not in range/],
		['{.items[x]}', /invalid array index/],
	])('%s is refused', (template, why) => {
		expect(() => evaluate(template, data)).toThrow(why);
	});
});
