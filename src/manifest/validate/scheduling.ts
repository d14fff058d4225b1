/** Rules for where a Pod may run: affinity, tolerations, spreading. Their shape only: there is one node here. */
import type { PodSpec } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkLabels } from './metadata.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './names.ts';
import { checkLabelSelector, checkLabelValues, checkNodeExpression } from './selectors.ts';

type Affinity = NonNullable<PodSpec['affinity']>;
type NodeTerm = NonNullable<
	NonNullable<Affinity['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms'][number];
type PodTerm = NonNullable<
	NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];
type Toleration = NonNullable<PodSpec['tolerations']>[number];

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];
const INCLUSION = ['Honor', 'Ignore'];

/** nodeSelector, affinity, tolerations, spreading and scheduling gates. */
export function checkScheduling(errors: FieldErrors, spec: PodSpec): void {
	checkLabels(errors, 'spec.nodeSelector', spec.nodeSelector);
	checkAffinity(errors, 'spec.affinity', spec.affinity);
	checkTolerations(errors, 'spec.tolerations', spec.tolerations);
	checkSpread(errors, 'spec.topologySpreadConstraints', spec.topologySpreadConstraints);
	const gates = new Set<string>();
	for (const [index, gate] of (spec.schedulingGates ?? []).entries()) {
		const at = `spec.schedulingGates[${index}]`;
		errors.invalidAll(at, gate.name ?? '', qualifiedName(gate.name ?? ''));
		if (gates.has(gate.name)) errors.duplicate(at, gate.name);
		gates.add(gate.name);
	}
	if (spec.nodeName && gates.size > 0) {
		errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
	}
	if (spec.nodeName) errors.invalidAll('spec.nodeName', spec.nodeName, dnsSubdomain(spec.nodeName));
	if (spec.priorityClassName) {
		errors.invalidAll('spec.priorityClassName', spec.priorityClassName, dnsSubdomain(spec.priorityClassName));
	}
	errors.oneOf('spec.preemptionPolicy', spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], 'allowed');
}

function checkAffinity(errors: FieldErrors, path: string, affinity: Affinity | undefined): void {
	const node = affinity?.nodeAffinity;
	const required = node?.requiredDuringSchedulingIgnoredDuringExecution;
	if (required) {
		const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
		if (!required.nodeSelectorTerms?.length) errors.required(at, 'must have at least one node selector term');
		for (const [index, term] of (required.nodeSelectorTerms ?? []).entries()) {
			checkNodeTerm(errors, `${at}[${index}]`, term, true);
		}
	}
	for (const [index, term] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
		const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
		checkWeight(errors, `${at}.weight`, term.weight);
		if (term.preference) checkNodeTerm(errors, `${at}.preference`, term.preference, false);
	}
	for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
		const pods = affinity?.[kind];
		for (const [index, term] of (pods?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
			checkPodTerm(errors, `${path}.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`, term);
		}
		for (const [index, weighted] of (pods?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
			const at = `${path}.${kind}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
			checkWeight(errors, `${at}.weight`, weighted.weight);
			if (weighted.podAffinityTerm) checkPodTerm(errors, `${at}.podAffinityTerm`, weighted.podAffinityTerm);
			else errors.required(`${at}.podAffinityTerm.topologyKey`, 'can not be empty');
		}
	}
}

function checkWeight(errors: FieldErrors, path: string, weight: number | undefined): void {
	if (weight === undefined || weight < 1 || weight > 100)
		errors.invalid(path, weight ?? 0, 'must be in the range 1-100');
}

function checkNodeTerm(errors: FieldErrors, path: string, term: NodeTerm, strict: boolean): void {
	for (const [index, expression] of (term.matchExpressions ?? []).entries()) {
		const at = `${path}.matchExpressions[${index}]`;
		checkNodeExpression(errors, at, expression);
		if (strict) checkLabelValues(errors, at, expression);
	}
	for (const [index, field] of (term.matchFields ?? []).entries()) {
		const at = `${path}.matchFields[${index}]`;
		const { operator, values = [], key } = field;
		if (operator !== 'In' && operator !== 'NotIn')
			errors.invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
		else if (values.length !== 1) {
			errors.required(
				`${at}.values`,
				"must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
			);
		}
		if (key !== 'metadata.name') errors.invalid(`${at}.key`, key ?? '', 'not a valid field selector key');
		else
			for (const [place, value] of values.entries())
				errors.invalidAll(`${at}.values[${place}]`, value, dnsSubdomain(value));
	}
}

function checkPodTerm(errors: FieldErrors, path: string, term: PodTerm): void {
	checkLabelSelector(errors, `${path}.labelSelector`, term.labelSelector);
	checkLabelSelector(errors, `${path}.namespaceSelector`, term.namespaceSelector);
	for (const [index, name] of (term.namespaces ?? []).entries()) {
		errors.invalidAll(`${path}.namespaces[${index}]`, name, dnsLabel(name));
	}
	if (!term.topologyKey) errors.required(`${path}.topologyKey`, 'can not be empty');
	else errors.invalidAll(`${path}.topologyKey`, term.topologyKey, qualifiedName(term.topologyKey));
	for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
		for (const [index, key] of (term[field] ?? []).entries()) {
			errors.invalidAll(`${path}.${field}[${index}]`, key, qualifiedName(key));
		}
		if (term[field]?.length && !term.labelSelector) {
			errors.forbidden(`${path}.${field}`, `must not be specified when labelSelector is not set`);
		}
	}
}

/** An operator that fits its key and value, and seconds for NoExecute only. */
export function checkTolerations(
	errors: FieldErrors,
	path: string,
	tolerations: readonly Toleration[] | undefined,
): void {
	for (const [index, toleration] of (tolerations ?? []).entries()) {
		const at = `${path}[${index}]`;
		const { key = '', value = '', tolerationSeconds } = toleration;
		const operator: string = toleration.operator ?? '';
		const effect: string = toleration.effect ?? '';
		if (key) errors.invalidAll(`${at}.key`, key, qualifiedName(key));
		else if (operator !== 'Exists') {
			const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
			errors.invalid(`${at}.operator`, operator, why);
		}
		if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
			errors.invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
		}
		checkTolerationOperator(errors, at, operator, value);
		if (effect && !EFFECTS.includes(effect)) errors.unsupported(`${at}.effect`, effect, EFFECTS);
	}
}

function checkTolerationOperator(errors: FieldErrors, path: string, operator: string, value: string): void {
	const at = `${path}.operator`;
	if (operator === '' || operator === 'Equal') {
		const problems = labelValue(value);
		if (problems.length > 0) errors.invalid(at, value, problems.join(';'));
	} else if (operator === 'Exists') {
		if (value) errors.invalid(at, value, "value must be empty when `operator` is 'Exists'");
	} else if (operator === 'Lt' || operator === 'Gt') {
		if (!/^-?\d+$/.test(value))
			errors.invalid(at, value, `value must be an integer when \`operator\` is '${operator}'`);
	} else errors.unsupported(at, operator, ['Equal', 'Exists']);
}

function checkSpread(
	errors: FieldErrors,
	path: string,
	constraints: PodSpec['topologySpreadConstraints'],
): void {
	const seen = new Set<string>();
	for (const [index, constraint] of (constraints ?? []).entries()) {
		const at = `${path}[${index}]`;
		const action: string = constraint.whenUnsatisfiable ?? '';
		if ((constraint.maxSkew ?? 0) <= 0)
			errors.invalid(`${at}.maxSkew`, constraint.maxSkew ?? 0, 'must be greater than zero');
		if (!constraint.topologyKey) errors.required(`${at}.topologyKey`, 'can not be empty');
		else
			errors.invalidAll(`${at}.topologyKey`, constraint.topologyKey, qualifiedName(constraint.topologyKey));
		if (!UNSATISFIABLE.includes(action)) errors.unsupported(`${at}.whenUnsatisfiable`, action, UNSATISFIABLE);
		const pair = `{${constraint.topologyKey}, ${action}}`;
		if (seen.has(pair)) errors.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
		seen.add(pair);
		const domains = constraint.minDomains;
		if (domains !== undefined) {
			if (domains <= 0) errors.invalid(`${at}.minDomains`, domains, 'must be greater than zero');
			if (action !== 'DoNotSchedule') {
				const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
				errors.invalid(`${at}.minDomains`, domains, why);
			}
		}
		errors.oneOf(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, INCLUSION, 'allowed');
		errors.oneOf(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, INCLUSION, 'allowed');
		checkLabelSelector(errors, `${at}.labelSelector`, constraint.labelSelector);
		for (const [place, key] of (constraint.matchLabelKeys ?? []).entries()) {
			errors.invalidAll(`${at}.matchLabelKeys[${place}]`, key, qualifiedName(key));
		}
	}
}
