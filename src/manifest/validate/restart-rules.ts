/** Rules for a container's own restartPolicy and its restartPolicyRules (Kubernetes 1.34 and later). */
import type { Container } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';

const POLICIES = ['Always', 'Never', 'OnFailure'];
const ACTIONS = ['Restart', 'RestartAllContainers'];
const OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_CODES = 255;

/** Rules need a restartPolicy of the container's own; which ones it may have differs with its role. */
export function checkRestartRules(
	errors: FieldErrors,
	path: string,
	container: Container,
	role: 'app' | 'init',
): void {
	errors.oneOf(`${path}.restartPolicy`, container.restartPolicy, POLICIES, 'allowed');
	const rules = container.restartPolicyRules ?? [];
	const at = `${path}.restartPolicyRules`;
	if (rules.length === 0) return;
	if (!container.restartPolicy)
		errors.required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
	// A sidecar comes back by itself; all it may ask for is that the others do too.
	const asksForAll = rules.every(({ action }) => action === 'RestartAllContainers');
	if (role === 'init' && container.restartPolicy === 'Always' && !asksForAll) {
		errors.forbidden(
			at,
			'restartPolicyRules may not be set for sidecar containers with restartPolicy=Always',
		);
	}
	if (rules.length > MAX_RULES) errors.invalid(at, rules.length, `must have at most ${MAX_RULES} items`);
	for (const [index, rule] of rules.entries()) {
		const ruleAt = `${at}[${index}]`;
		errors.oneOf(`${ruleAt}.action`, rule.action, ACTIONS, 'required');
		const codes = rule.exitCodes;
		if (!codes) {
			errors.required(`${ruleAt}.exitCodes`, 'must be specified');
			continue;
		}
		errors.oneOf(`${ruleAt}.exitCodes.operator`, codes.operator, OPERATORS, 'required');
		const values = codes.values ?? [];
		if (values.length === 0)
			errors.required(`${ruleAt}.exitCodes.values`, 'must specify at least one exit code');
		if (values.length > MAX_CODES)
			errors.invalid(`${ruleAt}.exitCodes.values`, values.length, `must have at most ${MAX_CODES} items`);
	}
}
