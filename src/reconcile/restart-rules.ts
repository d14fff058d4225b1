/**
 * restartPolicyRules: what the exit code of one container means for itself and for the others. The action
 * RestartAllContainers makes the whole pod begin anew in its sandbox: all that runs is killed without hooks or
 * grace, and once nothing runs any more the initialization starts from its first container. Volumes, IP and uid
 * stay, ephemeral containers are left alone.
 *
 * Nothing is kept for that: an attempt that began before the last such exit is superseded by it.
 */
import type { Container, ContainerRestartRule, Instant } from '../api/types.ts';
import {
	attemptsOf,
	type Context,
	endedAt,
	isJoined,
	isPristine,
	isRunning,
	startFailed,
} from './context.ts';
import type { ObservedContainer } from './observed.ts';
import { isReplacing } from './stop-reason.ts';

/** The action of the first rule that an exit code meets. */
export function actionFor(
	rules: readonly ContainerRestartRule[] | undefined,
	code: number,
): ContainerRestartRule['action'] | undefined {
	return (rules ?? []).find(({ exitCodes }) => {
		if (exitCodes === undefined) return false;
		const listed = (exitCodes.values ?? []).includes(code);
		return exitCodes.operator === 'NotIn' ? !listed : listed;
	})?.action;
}

/** Whether a pod has a rule by which all its containers may be restarted. */
export function mayRestartAll({ inits, apps }: Context): boolean {
	return [...inits, ...apps].some(({ spec }) => namesAll(spec));
}

/** Whether this death made the whole pod begin anew. */
export function hasRestartedAll(context: Context, spec: Container, dead: ObservedContainer): boolean {
	if (!namesAll(spec) || isRunning(dead) || isPristine(dead) || startFailed(dead)) return false;
	if (!isJoined(context, dead) || isReplacing(context.observed.deeds.get(dead.id)?.stopping?.reason))
		return false;
	return actionFor(spec.restartPolicyRules, dead.exitCode ?? 137) === 'RestartAllContainers';
}

/** Did it begin before all containers of the pod were last made to begin anew? */
export function isSuperseded(context: Context, attempt: ObservedContainer): boolean {
	const since = anewSince(context);
	if (since === undefined || attempt.role === 'ephemeral') return false;
	if (isPristine(attempt) || !isJoined(context, attempt)) return false;
	return (attempt.startedAt ?? attempt.createdAt) <= since;
}

/** Nothing begins while one that is superseded still runs. */
export function isRestartingAll(context: Context): boolean {
	if (anewSince(context) === undefined) return false;
	const { inits, apps } = context;
	return [...inits, ...apps].some(({ name }) =>
		attemptsOf(context, name).some((attempt) => isRunning(attempt) && isSuperseded(context, attempt)),
	);
}

const known = new WeakMap<Context, { readonly at: Instant | undefined }>();

/** When the last such death was; undefined: there was none in the sandbox in force. */
export function anewSince(context: Context): Instant | undefined {
	const before = known.get(context);
	if (before !== undefined) return before.at;
	const deaths = [...context.inits, ...context.apps].flatMap(({ name, spec }) =>
		attemptsOf(context, name).filter((attempt) => hasRestartedAll(context, spec, attempt)),
	);
	const at = deaths.length === 0 ? undefined : Math.max(...deaths.map(endedAt));
	known.set(context, { at });
	return at;
}

function namesAll(spec: Container): boolean {
	return (spec.restartPolicyRules ?? []).some(({ action }) => action === 'RestartAllContainers');
}
