/** kubectl's JSONPath templates, the evaluating half: a missing field is empty, as `kubectl get` has it. */
import { type Node, type Operand, parseTemplate, relaxed, type Step } from './jsonpath-parse.ts';

/** The text that `-o jsonpath=TEMPLATE` prints for `data`. Throws UserError USAGE for a broken template. */
export function evaluate(template: string, data: unknown): string {
	return render(parseTemplate(template), data, data);
}

/** The values that an expression (braces and first dot may be left out) finds. */
export function find(expression: string, data: unknown): unknown[] {
	const found: unknown[] = [];
	for (const node of parseTemplate(relaxed(expression))) {
		if (node.type === 'path') {
			found.push(...walk(node.steps, [data], data));
		}
	}
	return found;
}

function render(nodes: readonly Node[], current: unknown, root: unknown): string {
	return nodes.map((node) => renderNode(node, current, root)).join('');
}

function renderNode(node: Node, current: unknown, root: unknown): string {
	switch (node.type) {
		case 'text':
			return node.text;
		case 'path':
			return walk(node.steps, [current], root).map(asText).join(' ');
		case 'range':
			return walk(node.steps, [current], root)
				.map((item) => render(node.body, item, root))
				.join('');
	}
}

/** A value as kubectl prints it: text as it is, structures as JSON. */
export function asText(value: unknown): string {
	if (value === null || value === undefined) {
		return '';
	}
	return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function walk(steps: readonly Step[], start: readonly unknown[], root: unknown): unknown[] {
	let values = [...start];
	for (const step of steps) {
		values = values.flatMap((value) => take(step, value, root));
	}
	return values;
}

function take(step: Step, value: unknown, root: unknown): unknown[] {
	switch (step.type) {
		case 'field': {
			if (!isRecord(value) || !Object.hasOwn(value, step.name)) {
				return [];
			}
			return [value[step.name]];
		}
		case 'wildcard':
			return children(value);
		case 'recursive':
			return descendants(value);
		case 'index': {
			if (!Array.isArray(value)) {
				return [];
			}
			const index = step.index < 0 ? value.length + step.index : step.index;
			return index >= 0 && index < value.length ? [value[index]] : [];
		}
		case 'slice': {
			if (!Array.isArray(value)) {
				return [];
			}
			return value.slice(step.from, step.to).filter((_, index) => index % step.step === 0);
		}
		case 'union':
			return step.steps.flatMap((part) => take(part, value, root));
		case 'filter':
			return (Array.isArray(value) ? value : [value]).filter((item) => holds(step, item, root));
	}
}

function holds(filter: Extract<Step, { type: 'filter' }>, item: unknown, root: unknown): boolean {
	const left = operand(filter.left, item, root);
	if (filter.operator === 'exists') {
		return left.length > 0;
	}
	const right = filter.right ? operand(filter.right, item, root) : [];
	if (left.length === 0 || right.length === 0) {
		return false;
	}
	return compare(left[0], filter.operator, right[0]);
}

function operand(side: Operand, item: unknown, root: unknown): unknown[] {
	return side.type === 'literal' ? [side.value] : walk(side.steps, [side.root ? root : item], root);
}

function compare(left: unknown, operator: string, right: unknown): boolean {
	switch (operator) {
		case '==':
			return left === right;
		case '!=':
			return left !== right;
	}
	if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) {
		return false;
	}
	const [a, b] = [left, right as typeof left];
	switch (operator) {
		case '<':
			return a < b;
		case '<=':
			return a <= b;
		case '>':
			return a > b;
		default:
			return a >= b;
	}
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function children(value: unknown): unknown[] {
	if (Array.isArray(value)) {
		return value;
	}
	return isRecord(value) ? Object.values(value) : [];
}

function descendants(value: unknown): unknown[] {
	return [value, ...children(value).flatMap(descendants)];
}
