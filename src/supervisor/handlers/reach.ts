/**
 * Which way leads into pods: direct connections to pod IPs, which cost next to nothing, or the pause's
 * `connect`, which works everywhere. Decided once for an engine, by one attempt on the first pod that there
 * is to reach: on a local Linux engine any answer from its IP, even a refusal, shows that the direct way
 * is open. PODRUN_REACH=direct or infra decides by hand.
 */
import { release } from 'node:os';
import { UserError } from '../../api/errors.ts';
import type { Engine, EngineInfo } from '../../engine/engine.ts';
import { type Dial, DialError, directDial } from './dial.ts';
import { infraDial } from './infra-dial.ts';

type ReachSetting = 'auto' | 'direct' | 'infra';

/** A bridge on this machine answers within a millisecond; what takes longer is not the way. */
const ATTEMPT_MS = 500;
/** Nobody listens there as a rule, and a refusal is answer enough. */
const ATTEMPT_PORT = 9;

/**
 * PODRUN_REACH's value.
 *
 * @throws UserError USAGE when it is another word
 */
function reachSetting(value: string | undefined): ReachSetting {
	if (value === undefined || value === '' || value === 'auto') return 'auto';
	if (value === 'direct' || value === 'infra') return value;
	throw new UserError('USAGE', `PODRUN_REACH is "${value}"`, { hint: 'Set it to auto, direct or infra.' });
}

/** The way into the pods of one engine. Make one per supervisor. */
export class Reach {
	private readonly engine: Pick<Engine, 'exec'>;
	private readonly info: Pick<EngineInfo, 'local' | 'kernelVersion'>;
	private readonly setting: ReachSetting;
	private decision: Promise<boolean> | undefined;

	/** @throws UserError USAGE when PODRUN_REACH is another word than auto, direct or infra */
	constructor(
		engine: Pick<Engine, 'exec'>,
		info: Pick<EngineInfo, 'local' | 'kernelVersion'>,
		env: Readonly<Record<string, string | undefined>>,
	) {
		this.engine = engine;
		this.info = info;
		this.setting = reachSetting(env.PODRUN_REACH);
	}

	/**
	 * How to connect into the pod with this pause and IP. The first call may take half a second.
	 *
	 * @param sandboxID id of the pod's running pause
	 */
	async into(sandboxID: string, podIP: string): Promise<Dial> {
		return (await this.isDirect(podIP)) ? directDial : infraDial(this.engine, sandboxID);
	}

	private isDirect(podIP: string): Promise<boolean> {
		if (this.setting !== 'auto') return Promise.resolve(this.setting === 'direct');
		// The same kernel: no virtual machine (Docker Desktop) stands between this process and the engine.
		const oneMachine =
			this.info.local && process.platform === 'linux' && this.info.kernelVersion === release();
		if (!oneMachine) return Promise.resolve(false);
		this.decision ??= answers(podIP);
		return this.decision;
	}
}

/** Whether anything at all answers at the address. */
async function answers(ip: string): Promise<boolean> {
	try {
		await directDial.check(ip, ATTEMPT_PORT, 1, AbortSignal.timeout(ATTEMPT_MS));
		return true;
	} catch (error) {
		return error instanceof DialError && error.failure === 'refused';
	}
}
