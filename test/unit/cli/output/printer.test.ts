import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/api/types.ts';
import { formatData, objectTable, parseFormat, sortBy } from '../../../../src/cli/output/printer.ts';
import { processRows } from '../../../../src/cli/output/ps-rows.ts';
import { table } from '../../../../src/cli/output/table.ts';
import { findResource, type Resource } from '../../../../src/cli/resources.ts';
import { ago, event, NOW, pod, running, terminated, waiting } from '../pods.ts';

const pods = findResource('po') as Resource;
const asObjects = (...list: unknown[]) => list as KubeObject[];

describe('get pods', () => {
	const list = asObjects(
		pod({
			name: 'nginx-ghost',
			containers: ['nginx', 'ghost'],
			statuses: [running('nginx'), running('ghost')],
		}),
		pod({
			name: 'crash',
			ready: false,
			statuses: [
				waiting('main', 'CrashLoopBackOff', {
					restartCount: 4,
					lastState: { terminated: { exitCode: 1, finishedAt: ago(125) } },
				}),
			],
		}),
	);

	test("has kubectl's columns", () => {
		expect(objectTable(pods, list, { now: NOW })).toEqual([
			'NAME          READY   STATUS             RESTARTS       AGE',
			'nginx-ghost   2/2     Running            0              5m',
			'crash         0/1     CrashLoopBackOff   4 (2m5s ago)   5m',
		]);
	});

	test('-o wide, labels and namespaces add columns', () => {
		const one = asObjects(pod({ statuses: [running('main')], metadata: { labels: { b: '2', a: '1' } } }));
		const lines = objectTable(pods, one, { now: NOW, wide: true, namespaces: true, showLabels: true });
		expect(lines[0]).toMatch(
			/^NAMESPACE {3}NAME .* AGE {3}IP +NODE +NOMINATED NODE {3}READINESS GATES {3}LABELS$/,
		);
		expect(lines[1]).toMatch(/^default +web +1\/1 .*10\.201\.0\.7 +<none> +<none> +<none> +a=1,b=2$/);
	});

	test('no headers, and no lines at all for an empty list', () => {
		expect(objectTable(pods, list.slice(0, 1), { now: NOW, headers: false })).toEqual([
			'nginx-ghost   2/2   Running   0     5m',
		]);
		expect(objectTable(pods, [], { now: NOW })).toEqual([]);
	});

	test('several resources show type and name', () => {
		expect(objectTable(pods, list.slice(0, 1), { now: NOW, typed: true })[1]).toMatch(/^pod\/nginx-ghost /);
	});
});

test('events tell when, what and about whom', () => {
	const lines = objectTable(
		findResource('events') as Resource,
		asObjects(event('Killing', 'Stopping container main')),
		{ now: NOW },
	);
	expect(lines).toEqual([
		'LAST SEEN   TYPE     REASON    OBJECT    MESSAGE',
		'30s         Normal   Killing   pod/web   Stopping container main',
	]);
});

describe('-o', () => {
	const items = asObjects({
		kind: 'Pod',
		apiVersion: 'v1',
		metadata: { name: 'a' },
		spec: { b: 1, a: [{ z: 1 }] },
	});
	const options = { single: true, resourceOf: () => 'pod' };
	const print = (output: string) => {
		const format = parseFormat(output);
		return format.type === 'table' ? 'table' : formatData(format, items, options);
	};

	test('yaml sorts keys and does not indent lists', () => {
		expect(print('yaml')).toBe(
			'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  a:\n  - z: 1\n  b: 1\n',
		);
	});

	test('json of one named object is the object, of a list a List', () => {
		expect(JSON.parse(print('json')).kind).toBe('Pod');
		const list = formatData({ type: 'json' }, items, { ...options, single: false });
		expect(JSON.parse(list)).toMatchObject({ kind: 'List', apiVersion: 'v1', items: [{ kind: 'Pod' }] });
	});

	test.each([
		['name', 'pod/a\n'],
		['jsonpath={.metadata.name}', 'a'],
		['custom-columns=NAME:.metadata.name,NONE:.x.y', 'NAME   NONE\na      <none>\n'],
	])('%s', (output, text) => {
		expect(print(output)).toBe(text);
	});

	test('a format that is not known is wrong usage', () => {
		expect(() => parseFormat('xml')).toThrow(/unable to match a printer/);
		expect(() => parseFormat('jsonpath')).toThrow(/no template given/);
	});
});

test('--sort-by orders numbers as numbers', () => {
	const items = asObjects(
		{ metadata: { name: 'a' }, status: { n: 10 } },
		{ metadata: { name: 'b' }, status: { n: 9 } },
	);
	expect(sortBy(items, '.status.n').map(({ metadata }) => metadata.name)).toEqual(['b', 'a']);
	expect(sortBy(items, '{.metadata.name}').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
});

test('ps: a row a container, within 80 columns', () => {
	const { headers, rows } = processRows(
		[
			pod({
				name: 'tomcat-war',
				containers: ['tomcat'],
				init: ['war'],
				ready: false,
				initStatuses: [terminated('war', 0)],
				statuses: [running('tomcat', { ready: false, restartCount: 1 })],
			}),
		],
		{ now: NOW, namespaces: false },
	);
	const lines = table(headers, rows);
	expect(lines).toEqual([
		'POD          CONTAINER    STATUS                RESTARTS   AGE       IP           PORTS',
		'tomcat-war   tomcat       Running (not ready)   1          60s       10.201.0.7   -',
		'tomcat-war   war (init)   Completed             0          50s ago   10.201.0.7   -',
	]);
});
