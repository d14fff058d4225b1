/** What makes a container, its limits or the sandbox another one. */
import { describe, expect, it } from 'vitest';
import type { Container, PodSpec } from '../../../src/api/types.ts';
import { changedResources, containerHash, resourcesHash, sandboxHash } from '../../../src/reconcile/hash.ts';
import { container, pod } from './builders.ts';

const hashOf = (more: Partial<Container>) => containerHash(pod(), container('main', more));
const pauseHash = (more: Partial<PodSpec>) => sandboxHash(pod(more));

describe('a container is another one', () => {
	it.each<[string, Partial<Container>]>([
		['image', { image: 'busybox:latest' }],
		['command', { command: ['x'] }],
		['env', { env: [{ name: 'A', value: 'b' }] }],
		['mounts', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
	])('with another %s', (_what, more) => {
		expect(hashOf(more)).not.toBe(hashOf({}));
	});

	it.each<[string, Partial<Container>]>([
		['resources', { resources: { limits: { cpu: '1' } } }],
		['pull policy', { imagePullPolicy: 'Always' }],
		['restart policy', { restartPolicy: 'Never' }],
		['ports', { ports: [{ containerPort: 80 }] }],
	])('but not with another %s', (_what, more) => {
		expect(hashOf(more)).toBe(hashOf({}));
	});

	it('whatever the order of its fields', () => {
		const turned = Object.fromEntries(Object.entries(container('main')).reverse()) as unknown as Container;
		expect(containerHash(pod(), turned)).toBe(hashOf({}));
	});
});

describe('resources', () => {
	const of = (resources: Container['resources']) =>
		resourcesHash(container('main', { resources: resources ?? {} }));

	it('tell which of them changed', () => {
		const before = of({ limits: { cpu: '1', memory: '1Gi' } });
		expect(changedResources(before, of({ limits: { cpu: '2', memory: '1Gi' } }))).toEqual(['cpu']);
		expect(changedResources(before, of({ limits: { cpu: '1', memory: '2Gi' } }))).toEqual(['memory']);
		expect(changedResources(before, before)).toEqual([]);
	});

	it('are the same when a request is only written out', () => {
		expect(of({ limits: { cpu: '1' } })).toBe(of({ limits: { cpu: '1' }, requests: { cpu: '1' } }));
	});
});

describe('the sandbox is another one', () => {
	it.each<[string, Partial<PodSpec>]>([
		['hostname', { hostname: 'h' }],
		['host port', { containers: [container('main', { ports: [{ containerPort: 80, hostPort: 80 }] })] }],
		['volume', { volumes: [{ name: 'v', emptyDir: {} }] }],
		['shared PID namespace', { shareProcessNamespace: true }],
	])('with another %s', (_what, more) => {
		expect(pauseHash(more)).not.toBe(pauseHash({}));
	});

	it('but not when a volume gets other contents, or a container changes', () => {
		const volume = (name: string) => ({ volumes: [{ name: 'v', configMap: { name } }] });
		expect(pauseHash(volume('a'))).toBe(pauseHash(volume('b')));
		expect(pauseHash({ containers: [container('other')] })).toBe(pauseHash({}));
	});
});
