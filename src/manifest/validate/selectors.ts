/** Rules for label selectors and their expressions, wherever they stand. */
import type { FieldErrors } from './field-errors.ts';
import { checkLabels } from './metadata.ts';
import { labelValue, qualifiedName } from './names.ts';

export interface LabelSelector {
	readonly matchLabels?: Record<string, string>;
	readonly matchExpressions?: readonly Expression[];
}

interface Expression {
	readonly key: string;
	readonly operator: string;
	readonly values?: readonly string[];
}

/** matchLabels are labels; an expression's operator says whether it has values. */
export function checkLabelSelector(
	errors: FieldErrors,
	path: string,
	selector: LabelSelector | undefined,
): void {
	if (!selector) return;
	checkLabels(errors, `${path}.matchLabels`, selector.matchLabels);
	for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
		const at = `${path}.matchExpressions[${index}]`;
		checkExpression(errors, at, expression, ['In', 'NotIn', 'Exists', 'DoesNotExist']);
		checkLabelValues(errors, at, expression);
	}
}

/** Of a selector over nodes: `Gt` and `Lt` compare numbers. */
export function checkNodeExpression(errors: FieldErrors, path: string, expression: Expression): void {
	checkExpression(errors, path, expression, ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']);
}

/** The values of an expression are values of labels. */
export function checkLabelValues(errors: FieldErrors, path: string, expression: Expression): void {
	for (const [index, value] of (expression.values ?? []).entries()) {
		errors.invalidAll(`${path}.values[${index}]`, value, labelValue(value));
	}
}

function checkExpression(
	errors: FieldErrors,
	path: string,
	expression: Expression,
	operators: readonly string[],
): void {
	const { operator, values = [], key } = expression;
	if (!operators.includes(operator))
		errors.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator');
	else if (operator === 'In' || operator === 'NotIn') {
		if (values.length === 0)
			errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (operator === 'Gt' || operator === 'Lt') {
		if (values.length !== 1)
			errors.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
	} else if (values.length > 0) {
		errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	}
	errors.invalidAll(`${path}.key`, key ?? '', qualifiedName(key ?? ''));
}
