/**
 * The pause and the volumes that it mounts. A pause that has died, vanished or was made from another spec is
 * replaced by the next attempt, with the same IP; before that, everything that lived in it ends. A pause that
 * dies as soon as it is born is made again more and more slowly.
 */
import { type Context, endedAt, overSince } from './context.ts';
import { sandboxHash } from './hash.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { stopAll } from './termination.ts';

/** A pause that has lived for less is one that can't live. */
const SHORT_LIFE = 10_000;
const AGAIN_MOST = 60_000;

/** Sees to it that there is a pause that runs. */
export function ensureSandbox(context: Context, plan: Plan): void {
	const { sandbox, observed } = context;
	if (sandbox !== undefined) {
		if (sandbox.state === 'created') {
			plan.act({ type: 'StartSandbox', id: sandbox.id, cause: 'the pause is made' });
		} else if (sandbox.state === 'paused') {
			const { id, name } = sandbox;
			plan.act({ type: 'UnpauseContainer', container: name, id, cause: 'somebody has paused it' });
		}
		return;
	}
	const old = observed.sandboxes[0];
	const obsolete = old !== undefined && old.state !== 'exited' && old.state !== 'dead';
	if (!stopAll(context, plan, obsolete ? 'SandboxReplaced' : 'SandboxChanged')) return;
	if (obsolete) {
		plan.act({
			type: 'RemoveContainer',
			container: old.name,
			id: old.id,
			force: true,
			cause: `pod-level fields changed (${old.hash} → ${sandboxHash(context.pod)})`,
		});
		return;
	}
	if (!observed.volumes.created) return;
	createSandbox(context, plan, old);
}

function createSandbox(context: Context, plan: Plan, old: ObservedContainer | undefined): void {
	if (old === undefined) {
		plan.act({ type: 'CreateSandbox', attempt: 0, cause: 'the pod has no sandbox' });
		return;
	}
	const readyAt = overSince(old) + againAfter(old);
	if (context.now < readyAt) {
		plan.wake(readyAt);
		return;
	}
	if (plan.act({ type: 'CreateSandbox', attempt: old.attempt + 1, cause: 'the pause has ended' })) {
		const message = 'Pod sandbox changed, it will be killed and re-created.';
		plan.note({ type: 'Normal', reason: 'SandboxChanged', message });
	}
}

function againAfter(old: ObservedContainer): number {
	const lived = old.startedAt === undefined ? 0 : endedAt(old) - old.startedAt;
	if (lived >= SHORT_LIFE || old.attempt === 0) return 0;
	return Math.min(1_000 * 2 ** Math.min(old.attempt - 1, 10), AGAIN_MOST);
}

/** Volumes before the pause that mounts them; contents once it runs, and again whenever they change. */
export function ensureVolumes(context: Context, plan: Plan): void {
	const { created, current, written } = context.observed.volumes;
	if (!created) {
		plan.act({ type: 'CreateVolumes', cause: 'the pod needs its volumes' });
	} else if (context.sandboxReady && !(current && written)) {
		plan.act({
			type: 'WriteVolumes',
			cause: written ? 'contents have changed' : 'contents come before the containers',
		});
	}
}

/** A finished pod needs no pause: its ports and its IP are free again. */
export function removeSandbox(context: Context, plan: Plan): void {
	for (const pause of context.observed.sandboxes) {
		plan.act({
			type: 'RemoveContainer',
			container: pause.name,
			id: pause.id,
			force: true,
			cause: 'the pod has finished',
		});
	}
}
