/**
 * Which way leads into pods: direct connections to pod IPs, which cost next to nothing, or the pause's
 * `connect`, which works everywhere. Decided once for an engine, by one attempt on the first pod that there
 * is to reach: on a local Linux engine whose bridge is among this machine's devices any answer from the pod's
 * IP, even a refusal, shows that the direct way is open. The answer alone would not do: an engine in a network
 * namespace of its own (a rootless one) has pods at the very addresses that another engine's pods have here.
 * PODRUN_REACH=direct or infra decides by hand.
 */
import { networkInterfaces, release } from 'node:os';
import { UserError } from '../../api/errors.ts';
import type { Engine, EngineContainer, EngineInfo } from '../../engine/engine.ts';
import { type Dial, DialError, directDial } from './dial.ts';
import { infraDial } from './infra-dial.ts';

/** What is asked of the engine: a process in the pod, and on which networks the pod is. */
interface PodEngine extends Pick<Engine, 'exec'> {
	inspectContainer(id: string): Promise<Pick<EngineContainer, 'networks'>>;
}

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
	private readonly engine: PodEngine;
	private readonly info: Pick<EngineInfo, 'local' | 'kernelVersion'>;
	private readonly setting: ReachSetting;
	private readonly devices: () => readonly string[];
	private decision: Promise<boolean | undefined> | undefined;

	/**
	 * @param devices names of this machine's network devices that are up
	 * @throws UserError USAGE when PODRUN_REACH is another word than auto, direct or infra
	 */
	constructor(
		engine: PodEngine,
		info: Pick<EngineInfo, 'local' | 'kernelVersion'>,
		env: Readonly<Record<string, string | undefined>>,
		devices = (): readonly string[] => Object.keys(networkInterfaces()),
	) {
		this.engine = engine;
		this.info = info;
		this.setting = reachSetting(env.PODRUN_REACH);
		this.devices = devices;
	}

	/**
	 * How to connect into the pod with this pause and IP. The first call may take half a second.
	 *
	 * @param sandboxID id of the pod's running pause
	 */
	async into(sandboxID: string, podIP: string): Promise<Dial> {
		return (await this.isDirect(sandboxID, podIP)) ? directDial : infraDial(this.engine, sandboxID);
	}

	private async isDirect(sandboxID: string, podIP: string): Promise<boolean> {
		if (this.setting !== 'auto') return this.setting === 'direct';
		// The same kernel: no virtual machine (Docker Desktop) stands between this process and the engine.
		const oneMachine =
			this.info.local && process.platform === 'linux' && this.info.kernelVersion === release();
		if (!oneMachine) return false;
		this.decision ??= this.decide(sandboxID, podIP);
		const decided = await this.decision.catch(() => undefined);
		if (decided === undefined) this.decision = undefined;
		return decided ?? false;
	}

	/** Undefined for a pod that tells nothing: one without a network of its own, or one that is gone. */
	private async decide(sandboxID: string, podIP: string): Promise<boolean | undefined> {
		const { networks } = await this.engine.inspectContainer(sandboxID);
		const [name, network] = Object.entries(networks).find(([, { ip }]) => ip === podIP) ?? [];
		if (network === undefined) return undefined;
		// Docker names bridges after their networks, but for the one that was there before networks were.
		const device = name === 'bridge' ? 'docker0' : `br-${network.networkID.slice(0, 12)}`;
		return this.devices().includes(device) && (await answers(podIP));
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
