/** A supervisor in this process, on a fake engine and in a state folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts';
import type { FakeEngine } from './fake-engine.ts';

export interface FakeSupervision {
	readonly supervisor: Supervisor;
	/** Its state folder. */
	readonly folder: string;
	/** Stops it and takes its folder away. */
	end(): Promise<void>;
}

/** Starts it. */
export async function superviseFake(engine: FakeEngine, instance: string): Promise<FakeSupervision> {
	const folder = mkdtempSync(join(tmpdir(), `podrun-${instance}-`));
	const log = createLog(() => undefined);
	const info = await engine.info();
	const supervisor = await createSupervisor({ engine, info, instance, stateFolder: folder, env: {}, log });
	await supervisor.start();
	return {
		supervisor,
		folder,
		async end() {
			await supervisor.stop();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
