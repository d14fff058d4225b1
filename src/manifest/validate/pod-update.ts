/** What Kubernetes lets a user change of a Pod that lives: little. In profile local podrun allows more. */
import type { Container, Pod, PodSpec } from '../../api/types.ts';
import { stable } from './claims.ts';
import type { FieldErrors } from './field-errors.ts';
import { rangeMessage } from './names.ts';
import { checkTolerations } from './scheduling.ts';

const UPDATABLE = [
	'`spec.containers[*].image`',
	'`spec.initContainers[*].image`',
	'`spec.activeDeadlineSeconds`',
	'`spec.tolerations` (only additions to existing tolerations)',
	'`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];
const MAX_SECONDS = 2 ** 31 - 1;

/** Both with their defaults filled in. */
export function checkPodUpdate(errors: FieldErrors, next: Pod, previous: Pod): void {
	const [is, was] = [next.spec, previous.spec];
	for (const list of ['containers', 'initContainers'] as const) {
		const [now, before] = [is[list] ?? [], was[list] ?? []];
		if (now.length !== before.length) {
			errors.forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
			return;
		}
		for (const [index, container] of now.entries()) {
			if (!container.image) errors.required(`spec.${list}[${index}].image`);
		}
	}
	if (!checkDeadline(errors, is.activeDeadlineSeconds, was.activeDeadlineSeconds)) return;
	checkAddedTolerations(errors, is, was);
	checkGates(errors, is, was);
	const [wanted, allowed] = [comparable(is, was), comparable(was, was)];
	if (stable(wanted) === stable(allowed)) return;
	const changed = changedPaths(allowed, wanted, 'spec');
	const told = `pod updates may not change fields other than ${UPDATABLE.join(',')}`;
	errors.forbidden('spec', `${told}\n${changed.map((path) => `  changed: ${path}`).join('\n')}`);
}

function checkDeadline(errors: FieldErrors, is: number | undefined, was: number | undefined): boolean {
	const path = 'spec.activeDeadlineSeconds';
	if (is === undefined) {
		if (was !== undefined)
			errors.invalid(path, undefined, 'must not update from a positive integer to nil value');
		return true;
	}
	if (is < 0 || is > MAX_SECONDS) {
		errors.invalid(path, is, rangeMessage(0, MAX_SECONDS));
		return false;
	}
	if (was !== undefined && was < is) {
		errors.invalid(path, is, 'must be less than or equal to previous value');
		return false;
	}
	return true;
}

function checkAddedTolerations(errors: FieldErrors, is: PodSpec, was: PodSpec): void {
	const withoutSeconds = (toleration: object): string =>
		stable({ ...toleration, tolerationSeconds: undefined });
	const kept = new Set((is.tolerations ?? []).map(withoutSeconds));
	if ((was.tolerations ?? []).some((toleration) => !kept.has(withoutSeconds(toleration)))) {
		errors.forbidden(
			'spec.tolerations',
			'existing toleration can not be modified except its tolerationSeconds',
		);
		return;
	}
	checkTolerations(errors, 'spec.tolerations', is.tolerations);
}

function checkGates(errors: FieldErrors, is: PodSpec, was: PodSpec): void {
	const before = new Set((was.schedulingGates ?? []).map((gate) => gate.name));
	for (const [index, gate] of (is.schedulingGates ?? []).entries()) {
		if (before.has(gate.name)) continue;
		const why = `only deletion is allowed, but found new scheduling gate '${gate.name}'`;
		errors.forbidden(`spec.schedulingGates[${index}].name`, why);
	}
}

/** The spec with all that may differ set to what it was. */
function comparable(spec: PodSpec, was: PodSpec): PodSpec {
	const grace = spec.terminationGracePeriodSeconds;
	const before = was.terminationGracePeriodSeconds;
	const healed = before !== undefined && before < 0 && grace === 1;
	const withImages = (
		containers: Container[] | undefined,
		old: Container[] | undefined,
	): Container[] | undefined =>
		containers?.map((container, index) => ({ ...container, image: old?.[index]?.image }));
	return {
		...spec,
		containers: withImages(spec.containers, was.containers) ?? [],
		initContainers: withImages(spec.initContainers ?? [], was.initContainers),
		ephemeralContainers: was.ephemeralContainers,
		activeDeadlineSeconds: was.activeDeadlineSeconds,
		tolerations: was.tolerations,
		schedulingGates: was.schedulingGates,
		nodeName: spec.nodeName ?? was.nodeName,
		terminationGracePeriodSeconds: healed ? before : grace,
	};
}

/** Paths of the smallest parts that differ, at the most ten. */
function changedPaths(before: unknown, now: unknown, path: string): string[] {
	if (stable(before) === stable(now)) return [];
	if (!isContainer(before) || !isContainer(now) || Array.isArray(before) !== Array.isArray(now))
		return [path];
	const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
	const inner = [...keys].flatMap((key) => {
		const at = Array.isArray(before) ? `${path}[${key}]` : `${path}.${key}`;
		return changedPaths(Reflect.get(before, key), Reflect.get(now, key), at);
	});
	return inner.slice(0, 10);
}

function isContainer(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}
