/**
 * The sweep on a real engine, sampled: a pod's bring-up and teardown through a proxy that does harm at one request.
 * The whole path is real: HTTP client, keep-alive, hijacked connections, events.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '../../src/api/types.ts';
import { openEngine } from '../../src/engine/docker.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createLog } from '../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts';
import { leftovers, removeLeftovers } from '../support/checks.ts';
import { engineConnection } from '../support/engine-under-test.ts';
import { eventually } from '../support/eventually.ts';
import { FaultProxy, WIRE_HARMS } from '../support/fault-proxy.ts';
import { holds, pod, server, sh } from '../support/manifests.ts';
import { printFault } from './report.ts';

const instance = `fault-proxy-${process.pid}`;
/** Points of each harm in a run; PODRUN_FAULTS=all tries every one. */
const SAMPLES = process.env['PODRUN_FAULTS'] === 'all' ? Number.POSITIVE_INFINITY : 2;

let folder: string;
let proxy: FaultProxy;
let engine: Engine;
let supervisor: Supervisor;
let log: string[];
let tried = 0;
let survived = 0;
/** Requests of a pod that comes and goes without any harm. */
let clean: { up: number; down: number } | undefined;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-proxy-'));
	proxy = new FaultProxy(engineConnection());
	await proxy.listen(join(folder, 'engine.sock'));
	engine = await openEngine({ url: `unix://${join(folder, 'engine.sock')}`, source: 'the proxy' });
	log = [];
	supervisor = await createSupervisor({
		engine,
		info: await engine.info(),
		instance,
		stateFolder: folder,
		env: {},
		log: createLog((line) => log.push(line), 'debug'),
	});
	await supervisor.start();
});

afterEach(async () => {
	await supervisor.stop();
	await proxy.close();
	rmSync(folder, { recursive: true, force: true });
	await removeLeftovers(instance);
});

afterAll(() => {
	printFault(
		`a request to a real engine hit on the wire (${WIRE_HARMS.join(', ')})`,
		`${survived} of ${tried} sampled points: the pod comes up and goes, no restart, nothing left`,
		tried > 0 && survived === tried,
	);
});

/** Up and down once, with harm or without; the number of requests of each half. */
async function cycle(
	name: string,
	arm: (half: 'up' | 'down') => void,
): Promise<{ up: number; down: number }> {
	const { backend } = supervisor;
	arm('up');
	const wanted = pod(name, {
		terminationGracePeriodSeconds: 1,
		initContainers: [sh('init', 'true')],
		containers: [server('a', { lifecycle: { preStop: { exec: { command: ['true'] } } } }), server('b')],
		volumes: [{ name: 'scratch', emptyDir: {} }],
	});
	await backend.create('Pod', wanted as unknown as KubeObject);
	const up = await eventually(
		async () => {
			const found = (await backend.get('Pod', 'default', name)) as unknown as Pod;
			return holds(found, 'Ready') ? found : undefined;
		},
		{ within: 45_000, what: `${name} is ready` },
	).catch((error: Error) => {
		throw new Error(`${error.message}\n${log.slice(-30).join('')}`);
	});
	const counts = (up.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);
	expect(counts).toEqual([0, 0]);
	const ups = proxy.requests.length;
	arm('down');
	await backend.delete('Pod', 'default', name);
	await eventually(async () => (await backend.list('Pod', undefined)).items.length === 0, { within: 45_000 });
	const downs = proxy.requests.length;
	proxy.arm();
	expect((await leftovers(instance)).filter((what) => !what.includes('network'))).toEqual([]);
	return { up: ups, down: downs };
}

describe('a real engine behind a proxy', () => {
	test.each(WIRE_HARMS)('%s', async (harm) => {
		clean ??= await cycle('clean', () => proxy.arm());
		for (const half of ['up', 'down'] as const) {
			const calls = clean[half];
			const count = Math.min(SAMPLES, calls);
			for (let i = 0; i < count; i += 1) {
				// Another set of requests for each harm.
				const nth = 1 + (Math.floor((i * calls) / count + WIRE_HARMS.indexOf(harm)) % calls);
				tried += 1;
				await cycle(`hit-${half}-${i}`, (now) => (now === half ? proxy.arm(nth, harm) : proxy.arm())).catch(
					(error: Error) => {
						throw new Error(`${half}, request ${nth}, ${harm}: ${error.message}`, { cause: error });
					},
				);
				survived += 1;
			}
		}
	});

	test('a stream of events that is cut again and again', async () => {
		const cutting = setInterval(() => proxy.cutEvents(), 150);
		try {
			await cycle('cut', () => proxy.arm());
		} finally {
			clearInterval(cutting);
		}
	});
});
