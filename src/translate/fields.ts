/**
 * The downward API: what fieldRef and resourceFieldRef read of the pod, for variables and for files. Limits
 * that a container does not have are those of the pod, or what the node has to give.
 */
import {
	type Quantity,
	quantityMilliValue,
	quantityOf,
	quantityValue,
	tryParseQuantity,
} from '../api/quantity.ts';
import { containerLimits, containerRequests } from '../api/resources.ts';
import type { Container, Pod } from '../api/types.ts';
import type { PodContext } from './context.ts';

/**
 * A field's text, undefined when the path is none that the downward API knows. A label or annotation that is
 * not there is ''. metadata.labels and metadata.annotations (volumes only) are lines of `key="value"`.
 */
export function fieldValue(pod: Pod, path: string, context: PodContext): string | undefined {
	const { metadata, spec } = pod;
	const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
	if (subscript) {
		const map = (subscript[1] === 'labels' ? metadata.labels : metadata.annotations) ?? {};
		const key = subscript[2] ?? '';
		return Object.hasOwn(map, key) ? map[key] : '';
	}
	switch (path) {
		case 'metadata.name':
			return metadata.name;
		case 'metadata.namespace':
			return metadata.namespace ?? 'default';
		case 'metadata.uid':
			return metadata.uid ?? '';
		case 'metadata.labels':
			return formatMap(metadata.labels);
		case 'metadata.annotations':
			return formatMap(metadata.annotations);
		case 'spec.nodeName':
			return spec.nodeName || context.node.name;
		case 'spec.serviceAccountName':
			return spec.serviceAccountName || spec.serviceAccount || 'default';
		case 'status.hostIP':
		case 'status.hostIPs':
			return context.node.ip;
		case 'status.podIP':
		case 'status.podIPs':
			return context.podIP;
		default:
			return undefined;
	}
}

export interface ResourceField {
	readonly resource: string;
	readonly divisor?: unknown;
}

/**
 * `limits.cpu`, `requests.memory`, … divided and rounded up, as decimal text. CPU counts in cores unless the
 * divisor is 1m. Undefined when the selector is none.
 */
export function resourceValue(
	pod: Pick<Pod, 'spec'>,
	container: Pick<Container, 'resources'>,
	field: ResourceField,
	context: PodContext,
): string | undefined {
	const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(field.resource);
	if (!match) return undefined;
	const [, kind, name = ''] = match;
	const amounts = kind === 'limits' ? containerLimits(container) : containerRequests(container);
	const amount = amounts[name] ?? (kind === 'limits' ? ceiling(pod, name, context) : quantityOf(0));
	const divisor = divisorOf(field.divisor);
	const value = name === 'cpu' ? quantityMilliValue(amount) : quantityValue(amount);
	const by = name === 'cpu' ? quantityMilliValue(divisor) : quantityValue(divisor);
	return String(by > 0n ? (value + by - 1n) / by : value);
}

/** What bounds a container without a limit: the pod's own, else the node. */
function ceiling({ spec }: Pick<Pod, 'spec'>, name: string, context: PodContext): Quantity {
	const own = tryParseQuantity(spec.resources?.limits?.[name]);
	if (own) return own;
	if (name === 'cpu') return quantityOf(context.node.cpus, 'DecimalSI');
	if (name === 'memory') return quantityOf(context.node.memoryBytes);
	return quantityOf(0);
}

function divisorOf(divisor: unknown): Quantity {
	const parsed =
		typeof divisor === 'string' || typeof divisor === 'number' ? tryParseQuantity(divisor) : undefined;
	return parsed && parsed.nano > 0n ? parsed : quantityOf(1);
}

/** Sorted lines of key="value", quoted as Go does it. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
	return Object.keys(map)
		.sort()
		.map((key) => `${key}=${quote(map[key] ?? '')}`)
		.join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = {
	'"': '\\"',
	'\\': '\\\\',
	'\x07': '\\a',
	'\b': '\\b',
	'\f': '\\f',
	'\n': '\\n',
	'\r': '\\r',
	'\t': '\\t',
	'\v': '\\v',
};

function quote(text: string): string {
	let quoted = '';
	for (const char of text) {
		const code = char.codePointAt(0) ?? 0;
		const control = code < 0x20 || code === 0x7f;
		quoted += ESCAPES[char] ?? (control ? `\\x${code.toString(16).padStart(2, '0')}` : char);
	}
	return `"${quoted}"`;
}
