/**
 * Label and field selectors, as text (`app=web,tier in (a, b),!old`, `status.phase!=Running`) and as
 * LabelSelector objects (matchLabels, matchExpressions). Messages are those of apimachinery.
 */
import { badRequest } from './errors.ts';
import type { KubeObject } from './types.ts';

export type SelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'LessThan';

export interface Requirement {
	readonly key: string;
	readonly operator: SelectorOperator;
	readonly values: readonly string[];
}

/** Every requirement must hold; none: everything matches. */
export type Selector = readonly Requirement[];

const KEY =
	/^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Reads `-l` / `labelSelector`: `=`, `==`, `!=`, `in (…)`, `notin (…)`, `key`, `!key`, `>`, `<`.
 * @throws ApiError 400 with the offending text.
 */
export function parseLabelSelector(text: string): Selector {
	return splitTerms(text).map((term) => {
		const requirement = parseTerm(term);
		if (!requirement || !KEY.test(requirement.key)) throw unparsable(text, term);
		for (const value of requirement.values) if (!VALUE.test(value)) throw unparsable(text, value);
		return requirement;
	});
}

/** Whether labels satisfy a selector. `!=` and `notin` hold for an absent label, as in Kubernetes. */
export function matchesLabels(selector: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
	return selector.every(({ key, operator, values }) => {
		const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
		switch (operator) {
			case 'In':
				return value !== undefined && values.includes(value);
			case 'NotIn':
				return value === undefined || !values.includes(value);
			case 'Exists':
				return value !== undefined;
			case 'DoesNotExist':
				return value === undefined;
			case 'GreaterThan':
			case 'LessThan': {
				const [left, right] = [Number(value ?? Number.NaN), Number(values[0] ?? Number.NaN)];
				return operator === 'GreaterThan' ? left > right : left < right;
			}
			default:
				return false;
		}
	});
}

export interface FieldRequirement {
	readonly field: string;
	readonly equal: boolean;
	readonly value: string;
}

/** Fields by which each kind may be selected, as the API server's strategies list them. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
	Pod: [
		'metadata.name',
		'metadata.namespace',
		'spec.nodeName',
		'spec.restartPolicy',
		'spec.schedulerName',
		'spec.serviceAccountName',
		'spec.hostNetwork',
		'status.phase',
		'status.podIP',
		'status.podIPs',
		'status.nominatedNodeName',
	],
	Event: [
		'metadata.name',
		'metadata.namespace',
		'involvedObject.kind',
		'involvedObject.namespace',
		'involvedObject.name',
		'involvedObject.uid',
		'involvedObject.apiVersion',
		'involvedObject.resourceVersion',
		'involvedObject.fieldPath',
		'reason',
		'reportingComponent',
		'source',
		'type',
	],
	Secret: ['metadata.name', 'metadata.namespace', 'type'],
	Namespace: ['metadata.name', 'status.phase'],
};
const FIELDS_OF_ALL = ['metadata.name', 'metadata.namespace'];

/**
 * Reads `--field-selector`: `=`, `==` and `!=` only.
 * @throws ApiError 400 for a field that the kind can't be selected by, or text that is no selector.
 */
export function parseFieldSelector(text: string, kind: string): readonly FieldRequirement[] {
	const allowed = FIELDS[kind] ?? FIELDS_OF_ALL;
	return text
		.split(',')
		.filter((term) => term !== '')
		.map((term) => {
			const match = /^([^=!]+)(==|!=|=)(.*)$/.exec(term);
			if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
			const [, field = '', operator, value = ''] = match;
			if (!allowed.includes(field)) throw badRequest(`field label not supported: ${field}`);
			return { field, equal: operator !== '!=', value };
		});
}

/** Whether an object has the fields asked for; a field that is absent reads as ''. */
export function matchesFields(requirements: readonly FieldRequirement[], object: KubeObject): boolean {
	return requirements.every(({ field, equal, value }) => (fieldText(object, field) === value) === equal);
}

function fieldText(object: KubeObject, path: string): string {
	let at: unknown = object;
	for (const key of path.split('.')) {
		at = typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
	}
	// An event is selected by `source`, which is an object with the component's name.
	if (path === 'source' && typeof at === 'object' && at !== null) at = Reflect.get(at, 'component');
	if (path === 'spec.hostNetwork') return String(at ?? false);
	return at === undefined || at === null ? '' : String(at);
}

/** At commas outside of brackets. */
function splitTerms(text: string): string[] {
	const terms: string[] = [];
	let depth = 0;
	let term = '';
	for (const char of text) {
		if (char === '(') depth += 1;
		if (char === ')') depth -= 1;
		if (char === ',' && depth === 0) {
			terms.push(term);
			term = '';
		} else {
			term += char;
		}
	}
	terms.push(term);
	const trimmed = terms.map((part) => part.trim());
	if (trimmed.length === 1 && trimmed[0] === '') return [];
	if (trimmed.includes('')) throw unparsable(text, ',');
	return trimmed;
}

function parseTerm(term: string): Requirement | undefined {
	const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(term);
	if (set) {
		const [, key = '', word, list = ''] = set;
		const values = list.split(',').map((value) => value.trim());
		return { key, operator: word === 'in' ? 'In' : 'NotIn', values };
	}
	const absent = /^!\s*([^\s=!<>]+)$/.exec(term);
	if (absent) return { key: absent[1] ?? '', operator: 'DoesNotExist', values: [] };
	const compared = /^([^\s=!<>]+)\s*(==|!=|=|>|<)\s*(\S*)$/.exec(term);
	if (compared) {
		const [, key = '', sign, value = ''] = compared;
		if (sign === '>' || sign === '<') {
			if (!/^-?\d+$/.test(value)) return undefined;
			return { key, operator: sign === '>' ? 'GreaterThan' : 'LessThan', values: [value] };
		}
		return { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value] };
	}
	return /^[^\s=!<>()]+$/.test(term) ? { key: term, operator: 'Exists', values: [] } : undefined;
}

function unparsable(text: string, found: string) {
	return badRequest(`unable to parse requirement: found '${found}' in selector '${text}'`);
}
