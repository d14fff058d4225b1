/** The watch over emptyDir limits, with a clock in the test's hand and an engine that says what the pause would. */
import { Readable } from 'node:stream';
import { beforeEach, expect, it } from 'vitest';
import type { Pod } from '../../../src/api/types.ts';
import { StorageWatch, type StorageWatchParts } from '../../../src/supervisor/storage-watch.ts';

let timers: (() => void)[];
let asked: string[];
let usage: number[];
let written: Record<string, number>;
let told: string[];
let watch: StorageWatch;

const session = (): ReturnType<StorageWatchParts['engine']['exec']> =>
	Promise.resolve({
		stdout: Readable.from([usage.map((bytes) => `${bytes}\n`).join('')]),
		stderr: Readable.from([]),
		exitCode: Promise.resolve(0),
		resize: async () => {},
		close: () => {},
	});

beforeEach(() => {
	timers = [];
	asked = [];
	usage = [0, 0];
	written = {};
	told = [];
	watch = new StorageWatch({
		engine: {
			exec: (id, { command }) => {
				asked.push(`${id}: ${command.join(' ')}`);
				return session();
			},
			writtenBytes: async (id) => written[id] ?? 0,
		},
		clock: {
			now: () => 0,
			after: (_ms, then) => {
				timers.push(then);
				return () => {
					timers = timers.filter((timer) => timer !== then);
				};
			},
		},
		log: { debug() {}, info() {}, warn() {}, error() {} },
		onExceeded: (uid, { reason, message }) => told.push(`${uid} ${reason}: ${message}`),
		isHeld: () => false,
	});
});

const pod = (volumes: readonly object[]): Pod =>
	({ metadata: { name: 'p', uid: 'u1' }, spec: { volumes, containers: [] } }) as unknown as Pod;

const LIMITED = pod([
	{ name: 'disk', emptyDir: { sizeLimit: '1Mi' } },
	{ name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
	{ name: 'free', emptyDir: {} },
	{ name: 'more', emptyDir: { sizeLimit: '2000' } },
]);

async function pass(): Promise<void> {
	for (const call of timers.splice(0)) call();
	for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
}

it('measures what has a limit on disk, again and again, and tells what is over it', async () => {
	watch.sync(LIMITED, 'pause1');
	usage = [1024 * 1024, 2000];
	await pass();
	expect(asked).toEqual(['pause1: /pause usage /volumes/disk /volumes/more']);
	expect(told).toEqual([]);
	usage = [1024 * 1024, 2001];
	await pass();
	expect(told).toEqual(['u1 Evicted: Usage of EmptyDir volume "more" exceeds the limit "2k". ']);
});

it('asks nothing for pods without such a limit', () => {
	watch.sync(pod([{ name: 'free', emptyDir: {} }]), 'pause1');
	expect(timers).toEqual([]);
});

it('follows the pod to its next sandbox and ends with it', async () => {
	watch.sync(LIMITED, 'pause1');
	watch.sync(LIMITED, 'pause1');
	expect(timers).toHaveLength(1);
	watch.sync(LIMITED, 'pause2');
	await pass();
	expect(asked).toEqual(['pause2: /pause usage /volumes/disk /volumes/more']);
	watch.sync(LIMITED, undefined);
	expect(timers).toEqual([]);
});

/** Two containers, of which `big` may write 2 Mi and `small` 1 Mi, beside an emptyDir. */
const WRITERS = {
	metadata: { name: 'p', uid: 'u1' },
	spec: {
		volumes: [{ name: 'free', emptyDir: {} }],
		containers: [
			{ name: 'big', resources: { limits: { 'ephemeral-storage': '2Mi' } } },
			{ name: 'small', resources: { limits: { 'ephemeral-storage': '1Mi' } } },
		],
	},
	status: {
		containerStatuses: [
			{ name: 'big', containerID: 'docker://b1' },
			{ name: 'small', containerID: 'docker://s1' },
		],
	},
} as unknown as Pod;

it.each([
	['nothing', { b1: 2 ** 20, s1: 2 ** 20 }, 2 ** 20, []],
	[
		'containers and volumes together',
		{ b1: 2 ** 20, s1: 2 ** 20 },
		2 ** 20 + 1,
		['u1 Evicted: Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. '],
	],
	[
		'one container',
		{ s1: 2 ** 20 + 1 },
		0,
		['u1 Evicted: Container small exceeded its local ephemeral storage limit "1Mi". '],
	],
])('evicts for limits of ephemeral-storage: over them is %s', async (_, bytes, inVolume, expected) => {
	watch.sync(WRITERS, 'pause1');
	written = bytes;
	usage = [inVolume];
	await pass();
	expect(told).toEqual(expected);
});
