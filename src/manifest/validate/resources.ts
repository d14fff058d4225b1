/** Rules for requests and limits, of containers and of the Pod as a whole. */
import {
	addQuantities,
	compareQuantities,
	formatQuantity,
	type Quantity,
	tryParseQuantity,
} from '../../api/quantity.ts';
import type { Container, PodSpec, ResourceRequirements } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { qualifiedName } from './names.ts';

type ResourceList = Record<string, string | number>;

/** Where requirements stand decides which resources they may name. */
export type ResourceScope = 'container' | 'pod';

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** Resources that are known, though not to containers: quotas name them. */
const STANDARD = new Set(['storage', 'pods', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims']);
/** With a domain that is not Kubernetes' own: devices, mostly. */
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/');

/**
 * Names and amounts that `scope` may have; no request beyond its limit. `claimNames`: the pod's resource claims.
 */
export function checkResources(
	errors: FieldErrors,
	path: string,
	resources: ResourceRequirements | undefined,
	scope: ResourceScope,
	claimNames: ReadonlySet<string>,
): void {
	if (!resources) return;
	const limits: ResourceList = resources.limits ?? {};
	const requests: ResourceList = resources.requests ?? {};
	for (const [name, text] of Object.entries(limits))
		checkOne(errors, `${path}.limits[${name}]`, name, text, scope);
	for (const [name, text] of Object.entries(requests)) {
		const at = `${path}.requests[${name}]`;
		checkOne(errors, at, name, text, scope);
		checkAgainstLimit(errors, at, name, text, limits[name]);
	}
	const names = new Set([...Object.keys(limits), ...Object.keys(requests)]);
	if ([...names].some(isHugePages) && !names.has('cpu') && !names.has('memory')) {
		errors.forbidden(path, 'HugePages require cpu or memory');
	}
	if (scope === 'pod' && resources.claims !== undefined) {
		errors.forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level');
	} else checkClaims(errors, `${path}.claims`, resources.claims, claimNames);
}

function checkOne(
	errors: FieldErrors,
	path: string,
	name: string,
	text: string | number,
	scope: ResourceScope,
): void {
	const problems = qualifiedName(name);
	if (problems.length > 0) {
		errors.invalidAll(path, name, problems);
		return;
	}
	const standard = ['cpu', 'memory', 'ephemeral-storage'].includes(name) || isHugePages(name);
	if (scope === 'pod' && (!standard || name === 'ephemeral-storage')) {
		errors.unsupported(path, name, ['cpu', 'hugepages-', 'memory']);
		return;
	}
	if (!name.includes('/') && !standard) {
		if (!STANDARD.has(name))
			errors.invalid(path, name, 'must be a standard resource type or fully qualified');
		errors.invalid(path, name, 'must be a standard resource for containers');
		return;
	}
	if (name.includes('/') && !isExtended(name)) {
		errors.invalid(path, name, "doesn't follow extended resource name standard");
		return;
	}
	const quantity = tryParseQuantity(text);
	if (!quantity) return;
	if (quantity.nano < 0n) errors.invalid(path, String(text), 'must be greater than or equal to 0');
	if ((isExtended(name) || isHugePages(name)) && quantity.nano % 1_000_000_000n !== 0n) {
		errors.invalid(path, String(text), 'must be an integer');
	}
}

function checkAgainstLimit(
	errors: FieldErrors,
	path: string,
	name: string,
	text: string | number,
	limitText: string | number | undefined,
): void {
	const request = tryParseQuantity(text);
	const limit = tryParseQuantity(limitText);
	const exact = isExtended(name) || isHugePages(name);
	if (limit && request) {
		const order = compareQuantities(request, limit);
		const bound = `${name} limit of ${formatQuantity(limit)}`;
		if (exact && order !== 0) errors.invalid(path, String(text), `must be equal to ${bound}`);
		else if (order > 0) errors.invalid(path, String(text), `must be less than or equal to ${bound}`);
	} else if (exact && limitText === undefined) {
		errors.required(
			path.replace(/\.requests\[.*$/s, '.limits'),
			'Limit must be set for non overcommitable resources',
		);
	}
}

function checkClaims(
	errors: FieldErrors,
	path: string,
	claims: ResourceRequirements['claims'],
	known: ReadonlySet<string>,
): void {
	const seen = new Set<string>();
	for (const [index, claim] of (claims ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (!claim.name) errors.required(`${at}.name`);
		else if (seen.has(claim.name)) errors.duplicate(at, claim.name);
		else if (!known.has(claim.name)) errors.notFound(`${at}.name`, claim.name);
		seen.add(claim.name);
	}
}

const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];

/** One policy a resource, cpu and memory only; no RestartContainer in a pod that never restarts. */
export function checkResizePolicy(
	errors: FieldErrors,
	path: string,
	policies: Container['resizePolicy'],
	podRestartPolicy: string | undefined,
): void {
	const seen = new Set<string>();
	for (const [index, policy] of (policies ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (seen.has(policy.resourceName)) errors.duplicate(at, policy.resourceName);
		seen.add(policy.resourceName);
		errors.oneOf(`${at}.resourceName`, policy.resourceName, resizable, 'required');
		errors.oneOf(`${at}.restartPolicy`, policy.restartPolicy, resizePolicies, 'required');
		if (podRestartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired') {
			errors.invalid(
				`${at}.restartPolicy`,
				policy.restartPolicy,
				"must be 'NotRequired' when `restartPolicy` is 'Never'",
			);
		}
	}
}

/** What the Pod asks for as a whole holds what its containers ask for. */
export function checkPodResources(errors: FieldErrors, path: string, spec: PodSpec): void {
	if (!spec.resources) return;
	checkResources(errors, path, spec.resources, 'pod', new Set());
	const podRequests: ResourceList = spec.resources.requests ?? {};
	for (const [name, needed] of aggregateRequests(spec)) {
		if (!resizable.includes(name) && !isHugePages(name)) continue;
		const given = tryParseQuantity(podRequests[name] ?? 0);
		if (given && compareQuantities(needed, given) > 0) {
			const why = `must be greater than or equal to aggregate container requests of ${formatQuantity(needed)}`;
			errors.invalid(`${path}.requests[${name}]`, String(podRequests[name] ?? '0'), why);
		}
	}
	const podLimits: ResourceList = spec.resources.limits ?? {};
	for (const [index, container] of (spec.containers ?? []).entries()) {
		for (const [name, text] of Object.entries<string | number>(container.resources?.limits ?? {})) {
			const [limit, most] = [tryParseQuantity(text), tryParseQuantity(podLimits[name])];
			if (limit && most && compareQuantities(limit, most) > 0) {
				const why = `must be less than or equal to pod limits of ${formatQuantity(most)}`;
				errors.invalid(`spec.containers[${index}].resources.limits[${name}]`, String(text), why);
			}
		}
	}
}

/**
 * What the containers of a Pod need at the same time: app containers and sidecars together, or at an earlier
 * moment the init container that needs the most beside the sidecars that were started before it.
 */
function aggregateRequests(spec: PodSpec): Map<string, Quantity> {
	const total = new Map<string, Quantity>();
	const add = (into: Map<string, Quantity>, list: ResourceList): void => {
		for (const [name, text] of Object.entries(list)) {
			const quantity = tryParseQuantity(text);
			const before = into.get(name);
			if (quantity) into.set(name, before ? addQuantities(before, quantity) : quantity);
		}
	};
	for (const container of spec.containers ?? []) add(total, container.resources?.requests ?? {});
	const sidecars = new Map<string, Quantity>();
	const peak = new Map<string, Quantity>();
	for (const container of spec.initContainers ?? []) {
		const requests: ResourceList = container.resources?.requests ?? {};
		const moment = new Map(sidecars);
		add(moment, requests);
		if (container.restartPolicy === 'Always') {
			add(sidecars, requests);
			add(total, requests);
		}
		for (const [name, quantity] of moment) {
			const before = peak.get(name);
			if (!before || compareQuantities(quantity, before) > 0) peak.set(name, quantity);
		}
	}
	for (const [name, quantity] of peak) {
		const before = total.get(name);
		if (!before || compareQuantities(quantity, before) > 0) total.set(name, quantity);
	}
	return total;
}
