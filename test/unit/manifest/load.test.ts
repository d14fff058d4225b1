/** Manifests must be found wherever they lie, and every fault must be told at its line. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyDefaults } from '../../../src/manifest/defaults.ts';
import { formatDiagnostic, type LoadResult, load, loadText } from '../../../src/manifest/load.ts';

const podText = (name: string): string =>
	`apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: a, image: busybox}]}\n`;
const names = ({ objects }: LoadResult): string[] => objects.map(({ object }) => object.metadata.name);
const shown = ({ diagnostics }: LoadResult): string => diagnostics.map(formatDiagnostic).join('\n');

let folder = '';
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'podrun-load-'));
	await mkdir(join(folder, 'many', 'deeper'), { recursive: true });
	await writeFile(join(folder, 'pod.yaml'), podText('one'));
	await writeFile(join(folder, 'many', 'b.yml'), podText('b'));
	await writeFile(join(folder, 'many', 'a.yaml'), podText('a'));
	await writeFile(
		join(folder, 'many', 'c.json'),
		JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }),
	);
	await writeFile(join(folder, 'many', 'notes.txt'), 'no manifest');
	await writeFile(join(folder, 'many', 'deeper', 'd.yaml'), podText('d'));
	await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
});
afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

describe('sources', () => {
	const options = { profile: 'local' } as const;
	test('a file is read from the working directory', async () => {
		expect(names(await load(['pod.yaml'], { ...options, cwd: folder }))).toEqual(['one']);
	});
	test('of a folder the manifests are read in the order of their names', async () => {
		expect(names(await load(['many'], { ...options, cwd: folder }))).toEqual(['a', 'b', 'c']);
		expect(names(await load(['many'], { ...options, cwd: folder, recursive: true }))).toEqual([
			'a',
			'b',
			'c',
			'd',
		]);
	});
	test('- is standard input', async () => {
		const result = await load(['-'], { ...options, stdin: async () => podText('piped') });
		expect(names(result)).toEqual(['piped']);
		expect(result.objects[0]?.source).toBe('<stdin>');
	});
	test('a URL is fetched', async () => {
		const server = createServer((request, response) => {
			response.statusCode = request.url === '/pod.yaml' ? 200 : 404;
			response.end(request.url === '/pod.yaml' ? podText('remote') : 'gone');
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const address = server.address();
		const base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
		try {
			expect(names(await load([`${base}/pod.yaml`], options))).toEqual(['remote']);
			expect(shown(await load([`${base}/absent.yaml`], options))).toContain('server reported 404');
		} finally {
			server.close();
		}
		expect(shown(await load([`${base}/pod.yaml`], options))).toContain('unable to read URL');
	});
	test('what is not there is told, not thrown', async () => {
		expect(shown(await load(['absent.yaml'], { ...options, cwd: folder }))).toBe(
			'error: the path "absent.yaml" does not exist (check the path given with -f)',
		);
		expect(shown(await load(['latin1.yaml'], { ...options, cwd: folder }))).toContain('is not UTF-8 text');
	});
	test('what never ends is not read to its end', async () => {
		expect(shown(await load(['/dev/zero'], options))).toContain(
			'the text is too large: at the most 8 MiB are read',
		);
	});
	test('no objects at all are an error', async () => {
		expect(shown(await load(['-'], { ...options, stdin: async () => '# nothing here\n' }))).toContain(
			'no objects passed to apply',
		);
	});
});

test('a typo is shown with file, line, column, the line and a suggestion', () => {
	const text = podText('x').replace('{containers:', '{contianers:');
	expect(shown(loadText(text, 'pod.yaml', { profile: 'local' }))).toBe(
		[
			'pod.yaml:4:8: error: unknown field "spec.contianers" (did you mean "containers"?)',
			'4 | spec: {contianers: [{name: a, image: busybox}]}',
			'  |        ^',
		].join('\n'),
	);
});

test('all faults are told at once, from top to bottom', () => {
	const text = [
		'apiVersion: v1',
		'kind: Pod',
		'metadata: {name: Bad_Name}',
		'spec:',
		'  restartPolicy: Sometimes',
		'  containers:',
		'  - name: a',
		'    imagee: busybox',
		'    ports: [{containerPort: 70000}]',
		'',
	].join('\n');
	const { diagnostics } = loadText(text, 'pod.yaml', { profile: 'local' });
	expect(diagnostics.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
		'3:18 metadata.name',
		'5:18 spec.restartPolicy',
		'8:5 spec.containers[0].imagee',
		'9:29 spec.containers[0].ports[0].containerPort',
	]);
});

test('a missing field is told where it should stand', () => {
	const { diagnostics } = loadText(
		'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - name: a\n',
		'f',
		{ profile: 'local' },
	);
	expect(diagnostics).toMatchObject([
		{ line: 6, column: 5, path: 'spec.containers[0].image', message: 'Required value' },
	]);
});

test('the items of a List are objects of their own', () => {
	const text = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n`;
	expect(names(loadText(text, 'f', { profile: 'local' }))).toEqual(['c', 's']);
	expect(names(loadText('apiVersion: v1\nkind: List\nitems: []\n', 'f', { profile: 'local' }))).toEqual([]);
});

test('kinds that podrun does not run are refused at their line', () => {
	const text = 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: d}\nspec: {template: {}}\n';
	expect(shown(loadText(text, 'f', { profile: 'local' }))).toContain(
		'f:2:7: error: podrun runs Pods; kind StatefulSet (apps/v1) is not supported',
	);
});

test('fields that have no meaning here are warned of, and hinder nothing', () => {
	const text = podText('x').replace(
		'{containers',
		'{nodeSelector: {disk: ssd}, priorityClassName: high, schedulerName: default-scheduler, containers',
	);
	const { diagnostics, objects } = loadText(text, 'f', { profile: 'local' });
	expect(diagnostics.map(({ severity, path }) => `${severity} ${path}`)).toEqual([
		'warning spec.nodeSelector',
		'warning spec.priorityClassName',
	]);
	expect(objects).toHaveLength(1);
});

test('volumes of the clouds are refused', () => {
	const text = podText('x').replace('{containers', '{volumes: [{name: v, csi: {driver: d}}], containers');
	expect(shown(loadText(text, 'f', { profile: 'local' }))).toContain(
		"spec.volumes[0].csi: Forbidden: podrun can't honour this field",
	);
});

test('two objects of one name are refused', async () => {
	const text = `${podText('x')}---\n${podText('x')}`;
	const result = await load(['-'], { profile: 'local', stdin: async () => text });
	expect(shown(result)).toContain('Pod "x" is defined more than once: it already stands at line 3');
});

describe('relative hostPaths', () => {
	const text = (path: string): string =>
		podText('x').replace('{containers', `{volumes: [{name: v, hostPath: {path: "${path}"}}], containers`);
	const resolved = async (path: string): Promise<unknown> => {
		await writeFile(join(folder, 'host.yaml'), text(path));
		const { objects, diagnostics } = await load(['host.yaml'], { profile: 'local', cwd: folder });
		expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning NotPortable']);
		return objects[0]?.object.spec;
	};
	test.each([
		['./src', () => join(folder, 'src')],
		['../src', () => join(folder, '..', 'src')],
		['src', () => join(folder, 'src')],
		['~/src', () => join(homedir(), 'src')],
		['~', () => homedir()],
	])('%s is taken from the folder of the manifest, with a warning', async (path, expected) => {
		expect(await resolved(path)).toMatchObject({ volumes: [{ hostPath: { path: expected() } }] });
	});
	test('are refused in profile kubernetes', () => {
		expect(shown(loadText(text('./src'), 'f', { profile: 'kubernetes' }))).toContain(
			'Invalid value: "./src": must be an absolute path',
		);
	});
});

test('values of a Secret are never shown', () => {
	const text =
		'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: 12345}\ndata: {k: "hunter2!"}\n';
	const output = shown(loadText(text, 'f', { profile: 'local' }));
	expect(output).toContain(
		'f:4:24: error: cannot unmarshal number into field stringData[password] of type string',
	);
	expect(output).toContain('f:5:11: error: data[k]');
	expect(output).not.toContain('12345');
	expect(output).not.toContain('hunter2');
});

test('also a Secret that is no YAML is not shown', () => {
	const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n\tpassword: hunter2\n';
	const output = shown(loadText(text, 'f', { profile: 'local' }));
	expect(output).toContain('f:5:1: error: error parsing YAML: line 5: found a tab');
	expect(output).not.toContain('hunter2');
});

test.each([
	['services: {web: {image: nginx}}', 'this looks like a compose file'],
	[
		'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {{ .Values.spec }}\n',
		'if this is a Helm template, render it first',
	],
	[
		'apiVersion: v1\nkind: Pod\n{{- if .Values.on }}\nmetadata: {name: x}\n',
		'if this is a Helm template, render it first',
	],
])('a file of another tool is recognised: %j', (text, hint) => {
	expect(shown(loadText(text, 'f', { profile: 'local' }))).toContain(hint);
});

test('a key that YAML reads as a boolean is pointed out', () => {
	const text = podText('x').replace('{name: x}', '{name: x, labels: {y: "1"}}');
	expect(shown(loadText(text, 'f', { profile: 'local' }))).toContain(
		'YAML reads the unquoted key y as true; quote it if the word is meant',
	);
});

test('of thousands of faults the first are told, and how many more there are', () => {
	const text = `${podText('x')}${Array.from({ length: 1000 }, (_, n) => `wrong${n}: 1`).join('\n')}\n`;
	const { diagnostics } = loadText(text, 'f', { profile: 'local' });
	expect(diagnostics).toHaveLength(201);
	expect(diagnostics.at(-1)?.message).toBe('there are 800 more faults; they are shown when these are mended');
});

test('what get -o yaml shows can be applied again without a word', () => {
	const object = applyDefaults(
		loadText(podText('x'), 'f', { profile: 'kubernetes' }).objects[0]?.object ?? fail(),
	);
	const dumped = {
		...object,
		metadata: {
			...object.metadata,
			namespace: 'default',
			uid: 'a-b',
			resourceVersion: '7',
			generation: 1,
			creationTimestamp: '2026-01-01T00:00:00Z',
		},
		status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
	};
	const again = loadText(JSON.stringify(dumped, null, 2), 'f', { profile: 'kubernetes' });
	expect(shown(again)).toBe('');
	expect(again.objects[0]?.object).toEqual(dumped);
});

function fail(): never {
	throw new Error('nothing was loaded');
}
