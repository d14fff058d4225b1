/** What doctor says of an engine's control groups; the engine is a fake. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkup } from '../../../src/supervisor/checkup.ts';
import { FilePersistence } from '../../../src/supervisor/persistence.ts';
import { Store } from '../../../src/supervisor/store.ts';
import { FakeEngine } from '../../support/fake-engine.ts';

let stateFolder: string;

beforeEach(() => {
	stateFolder = mkdtempSync(join(tmpdir(), 'podrun-checkup-'));
});
afterEach(() => rmSync(stateFolder, { recursive: true }));

it.each([
	[{}, 'ok', /^version [12], driver [a-z]+$/],
	[{ cgroupVersion: '2', unlimited: ['memory', 'CPU'] }, 'warning', /the engine can't limit memory, CPU$/],
	[{ cgroupDriver: 'none' }, 'warning', /the engine can't limit memory, CPU, processes$/],
] as const)('with %j the control groups are told as %s', async (more, state, message) => {
	const engine = new FakeEngine({ info: more });
	const store = new Store(new FilePersistence(stateFolder, () => undefined), []);
	const link = { ask: <T>(question: () => Promise<T>) => question() };
	const parts = { engine, link, info: await engine.info(), store, instance: 'checkup', stateFolder };
	const told = (await checkup(parts)).find(({ name }) => name === 'cgroups');
	expect(told).toMatchObject({ state, message: expect.stringMatching(message) });
});
