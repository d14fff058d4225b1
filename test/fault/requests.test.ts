/**
 * Requests that no client of ours would send, on the socket of a supervisor that works: each is answered with a
 * metav1.Status that says what is wrong, costs no memory to speak of, and nobody else notices.
 */
import { afterAll, expect, test } from 'vitest';
import { holds, pod, server } from '../support/manifests.ts';
import { ask, peakOf } from '../support/raw-http.ts';
import { printFault } from './report.ts';
import { JSON_TYPE, MB, NAMESPACE, served } from './served.ts';

const seen: (readonly [string, string])[] = [];
const survived = (fault: string, told: string): void => {
	seen.push([fault, told]);
};
afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

const target = served('requests');
const { s, refused } = target;

test('bodies of 100 MB', async () => {
	const before = peakOf(target.pid);
	const chunk = Buffer.alloc(MB, 'x');
	for (const [method, path, type] of [
		['POST', `${NAMESPACE}/pods`, 'application/json'],
		['POST', `${NAMESPACE}/configmaps`, 'application/yaml'],
		['PUT', `${NAMESPACE}/pods/served`, 'application/json'],
		['PATCH', `${NAMESPACE}/pods/served`, 'application/merge-patch+json'],
		['PATCH', `${NAMESPACE}/pods/served`, 'application/apply-patch+yaml'],
		['DELETE', `${NAMESPACE}/pods/served`, 'application/json'],
		['POST', `${NAMESPACE}/pods/served/eviction`, 'application/json'],
	] as const) {
		const headers = { 'content-type': type };
		await refused([413], {
			method,
			path,
			headers: { ...headers, 'transfer-encoding': 'chunked' },
			async body(write) {
				for (let i = 0; i < 100; i += 1) if (!(await write(chunk))) return;
			},
		});
	}
	// Told by its length, before a byte of it has come.
	const headers = { ...JSON_TYPE, 'content-length': 100 * MB };
	await refused([413], { method: 'POST', path: `${NAMESPACE}/pods`, headers });
	expect(peakOf(target.pid) - before).toBeLessThan(150 * MB);
	survived('API: bodies of 100 MB, with and without a length', '413 RequestEntityTooLarge');
});

test('bodies that are no objects, or nest without end', async () => {
	const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
	const bodies: (readonly [type: string, body: string | Buffer])[] = [
		['application/json', '{'],
		['application/json', '[]'],
		['application/json', 'null'],
		['application/json', '"text"'],
		['application/json', '{"metadata":[]}'],
		['application/json', '{"metadata":{"name":{}}}'],
		['application/json', `{"metadata":${deep('{"a":', '}', 100_000)}`],
		['application/json', `{"metadata":{"labels":${deep('[', ']', 1_000_000)}}}`],
		['application/json', Buffer.from([0xff, 0xfe, 0x7b, 0x7d])],
		['application/yaml', '- a'],
		['application/yaml', 'a: &a [*a]'],
		['application/yaml', deep('[', ']', 500_000)],
		['application/yaml', `${'- '.repeat(500_000)}x`],
		['application/yaml', 'a: "\u0000"'],
		['application/vnd.kubernetes.protobuf', 'k8s\0\xff\xff\xff\xff'],
		['application/vnd.kubernetes.protobuf', 'none'],
	];
	for (const [type, body] of bodies) {
		for (const kind of ['pods', 'configmaps', 'events']) {
			const headers = { 'content-type': type };
			await refused([400, 415, 422], { method: 'POST', path: `${NAMESPACE}/${kind}`, headers, body });
		}
	}
	for (const type of ['json-patch', 'merge-patch', 'strategic-merge-patch']) {
		const value = deep('{"a":', '}', 100_000).replace('}', '1}');
		const body = type === 'json-patch' ? `[{"op":"add","path":"/metadata/labels","value":${value}}]` : value;
		const headers = { 'content-type': `application/${type}+json` };
		await refused([400], { method: 'PATCH', path: `${NAMESPACE}/pods/served`, headers, body });
	}
	survived(
		'API: bodies that are broken, nested 1,000,000 levels deep, cyclic YAML, invalid UTF-8',
		'400 BadRequest, in words',
	);
});

test('content types that nobody reads', async () => {
	for (const type of ['text/html', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) {
		const headers = { 'content-type': type };
		await refused([415], { method: 'POST', path: `${NAMESPACE}/pods`, headers, body: 'a=b' });
		await refused([415], { method: 'PATCH', path: `${NAMESPACE}/pods/served`, headers, body: 'a=b' });
	}
	await refused([406], { path: `${NAMESPACE}/pods`, headers: { accept: 'text/html' } });
	survived('API: wrong content types', '415 UnsupportedMediaType, 406 NotAcceptable');
});

test('paths that lead elsewhere', async () => {
	for (const name of [
		'..%2f..%2fetc%2fpasswd',
		'%2e%2e',
		'..',
		'%00',
		'%ff%fe',
		'%zz',
		'a%0ab',
		'__proto__',
	]) {
		await refused([400, 404, 405], { path: `${NAMESPACE}/pods/${name}` });
		await refused([400, 404, 405], { path: `${NAMESPACE}/secrets/${name}` });
		await refused([400, 404, 405], { path: `/podrun/v1/namespaces/default/pods/${name}/stats` });
		const object = { metadata: { name: 'a' }, data: { a: 'b' } };
		await refused([400, 404, 405, 422], {
			method: 'POST',
			path: `/api/v1/namespaces/${name}/configmaps`,
			headers: JSON_TYPE,
			body: JSON.stringify(object),
		});
		await refused([400, 404, 405], {
			method: 'PUT',
			path: `${NAMESPACE}/configmaps/${name}`,
			headers: JSON_TYPE,
			body: JSON.stringify({ data: { a: 'b' } }),
		});
	}
	for (const name of ['../../evil', '..', 'a/b', 'a\0b', '', 'A', 'x'.repeat(300)]) {
		for (const metadata of [{ name }, { name: 'a', namespace: name || '..' }]) {
			await refused([400, 422], {
				method: 'POST',
				path: `${NAMESPACE}/configmaps`,
				headers: JSON_TYPE,
				body: JSON.stringify({ metadata, data: {} }),
			});
		}
	}
	survived('API: paths and names that lead elsewhere (`..%2f`, `%00`, `%zz`)', '400, 404 or 422');
});

test('__proto__ in objects, patches and selectors', async () => {
	const poison = '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}';
	const patches: (readonly [type: string, body: string])[] = [
		['merge-patch+json', `{"metadata":{"annotations":${poison}}}`],
		['merge-patch+json', poison],
		['strategic-merge-patch+json', poison],
		['strategic-merge-patch+json', '{"spec":{"containers":[{"name":"main","__proto__":{"image":"evil"}}]}}'],
		[
			'strategic-merge-patch+json',
			'{"$setElementOrder/__proto__":["a"],"$deleteFromPrimitiveList/__proto__":["a"]}',
		],
		[
			'apply-patch+yaml',
			`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"served","annotations":${poison}}}`,
		],
		...['/__proto__/polluted', '/constructor/prototype/polluted', '/metadata/__proto__/polluted'].flatMap(
			(path) => [
				['json-patch+json', JSON.stringify([{ op: 'add', path, value: 'yes' }])] as const,
				['json-patch+json', JSON.stringify([{ op: 'replace', path, value: 'yes' }])] as const,
				['json-patch+json', JSON.stringify([{ op: 'move', from: path, path: '/metadata/labels' }])] as const,
				['json-patch+json', JSON.stringify([{ op: 'copy', from: '/metadata', path }])] as const,
			],
		),
	];
	for (const [type, body] of patches) {
		const path = `${NAMESPACE}/pods/served?fieldManager=test&force=true`;
		const headers = { 'content-type': `application/${type}` };
		const { code, body: told } = await ask(target.socket, { method: 'PATCH', path, headers, body });
		expect([200, 400, 422], `${type} ${body}: ${told.message}`).toContain(code);
		if (code !== 200) expect(told).toMatchObject({ kind: 'Status', code });
	}
	const read = await ask(target.socket, { path: `${NAMESPACE}/pods/served` });
	expect(read.text).not.toContain('polluted');
	expect(read.text).not.toContain('evil');
	for (const word of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
		for (const selector of [
			`labelSelector=${word}`,
			`labelSelector=${word}%3Dx`,
			`fieldSelector=${word}%3Dx`,
		]) {
			const { code, body } = await ask(target.socket, { path: `${NAMESPACE}/pods?${selector}` });
			expect([200, 400]).toContain(code);
			if (code === 200) expect(body['items']).toEqual([]);
		}
	}
	// A key of a ConfigMap may have such a name: it is data.
	const text = '{"metadata":{"name":"proto"},"data":{"__proto__":"a","constructor":"b","toString":"c"}}';
	const made = await ask(target.socket, {
		method: 'POST',
		path: `${NAMESPACE}/configmaps`,
		headers: JSON_TYPE,
		body: text,
	});
	expect(made.code, made.text).toBe(201);
	const kept = await ask(target.socket, { path: `${NAMESPACE}/configmaps/proto` });
	expect(kept.text).toContain('"data":{"__proto__":"a","constructor":"b","toString":"c"}');
	survived(
		'API: `__proto__` in objects, JSON, merge, strategic and apply patches, selectors',
		'data, or 400 and 422',
	);
});

test('objects whose free parts hold rubbish', async () => {
	for (const managedFields of [
		[null],
		['x'],
		[{ operation: 'Apply', fieldsV1: { a: null, b: 'text', c: [1] } }],
	]) {
		const headers = { 'content-type': 'application/merge-patch+json' };
		const path = `${NAMESPACE}/configmaps/proto`;
		await ask(target.socket, {
			method: 'PATCH',
			path,
			headers,
			body: JSON.stringify({ metadata: { managedFields } }),
		});
		const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'proto' }, data: { d: 'e' } };
		const { code, text } = await ask(target.socket, {
			method: 'PATCH',
			path: `${path}?fieldManager=x&force=true`,
			headers: { 'content-type': 'application/apply-patch+yaml' },
			body: JSON.stringify(applied),
		});
		expect(code, text).toBe(200);
	}
	for (const [i, event] of [
		{},
		{ involvedObject: null, message: 7, lastTimestamp: 'never', count: 'many' },
		{ involvedObject: { kind: [], name: {} }, source: 'text', reason: null, type: {} },
	].entries()) {
		const body = JSON.stringify({ ...event, metadata: { name: `rubbish-${i}` } });
		const { code } = await ask(target.socket, {
			method: 'POST',
			path: `${NAMESPACE}/events`,
			headers: JSON_TYPE,
			body,
		});
		expect([201, 400, 422]).toContain(code);
	}
	for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
		expect((await ask(target.socket, { path: `${NAMESPACE}/events`, headers: { accept } })).code).toBe(200);
	}
	for (const args of [['get', 'events'], ['events'], ['describe', 'pod', 'served']]) {
		const { code, err } = await s.podrun(...args);
		expect(code, err).toBe(0);
	}
	survived('API: managedFields and events that hold rubbish', 'stored or refused; what reads them goes on');
});

test('numbers that are none, negative, or beyond all time', async () => {
	for (const query of [
		'limit=-1',
		'limit=NaN',
		'limit=1e9',
		'watch=1&timeoutSeconds=-5',
		'watch=1&timeoutSeconds=NaN',
	]) {
		await refused([400], { path: `${NAMESPACE}/pods?${query}` });
	}
	for (const query of [
		'tailLines=-1',
		'sinceSeconds=-1',
		'limitBytes=-1',
		'sinceTime=never',
		'tailLines=Infinity',
		'sinceSeconds=0x10',
	]) {
		await refused([400], { path: `${NAMESPACE}/pods/served/log?${query}` });
	}
	for (const version of ['-1', 'abc', '1e99', 'NaN', '99999999999999']) {
		const { text } = await ask(target.socket, {
			path: `${NAMESPACE}/pods?watch=1&timeoutSeconds=1&resourceVersion=${version}`,
		});
		expect(text, version).toMatch(/"code":(400|410)/);
	}
	await refused([410], { path: `${NAMESPACE}/pods?limit=1&continue=none` });
	expect(
		(await ask(target.socket, { path: `${NAMESPACE}/pods/served/log?sinceSeconds=999999999999999` })).code,
	).toBe(200);
	for (const gracePeriodSeconds of [-1, 0.5, '5', {}]) {
		await refused([400], {
			method: 'DELETE',
			path: `${NAMESPACE}/pods/served`,
			headers: JSON_TYPE,
			body: JSON.stringify({ gracePeriodSeconds }),
		});
	}
	// What no clock can count to is a grace period all the same.
	await s.apply(
		pod('patient', { containers: [server('main')], terminationGracePeriodSeconds: 9_007_199_254_740_991 }),
	);
	await s.until('patient', (pod) => holds(pod, 'Ready'));
	for (const gracePeriodSeconds of [9_007_199_254_740_991, 1e300]) {
		const body = JSON.stringify({ gracePeriodSeconds, dryRun: ['All'] });
		const { code } = await ask(target.socket, {
			method: 'DELETE',
			path: `${NAMESPACE}/pods/patient`,
			headers: JSON_TYPE,
			body,
		});
		expect([200, 400]).toContain(code);
	}
	await s.ok('delete', 'pod', 'patient');
	survived(
		'API: numbers that are negative, NaN, or beyond all time',
		'400 BadRequest; a grace period is cut to 68 years',
	);
});
