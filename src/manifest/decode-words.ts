/** How a wrong type is told: what stands there, what was expected, and what to write instead. */
import type { ListTree, ScalarTree, Tree } from './tree.ts';

/** What stands there, in the words of Go's JSON decoder. */
export function describe(tree: Tree): string {
	if (tree.kind === 'map') return 'object';
	if (tree.kind === 'list') return 'array';
	if (tree.value === null) return 'null';
	if (typeof tree.value === 'boolean') return 'bool';
	if (typeof tree.value === 'string') return 'string';
	return `number ${tree.source}`;
}

/** A type of the schema as Go writes it. */
export function goType(type: string): string {
	if (type.startsWith('[]')) return `[]${goType(type.slice(2))}`;
	if (type === 'boolean') return 'bool';
	if (type === 'bytes') return 'string (base64)';
	if (type === 'intOrString') return 'int32 or string';
	return type
		.replace('map[string]boolean', 'map[string]bool')
		.replace('map[string]bytes', 'map[string]string (base64)');
}

/** What to write instead, where that can be said. */
export function advice(tree: Tree, type: string): string | undefined {
	const quote = (tree: ListTree | ScalarTree): string =>
		tree.kind === 'scalar'
			? JSON.stringify(tree.source)
			: tree.items.map((item) => (item.kind === 'scalar' ? quote(item) : '…')).join(', ');
	if (tree.kind === 'scalar') {
		if (type === 'string' || type === 'bytes') return `quote it: ${quote(tree)}`;
		if (type === '[]string' && tree.source.length < 200) {
			return `write a list: [${tree.source
				.trim()
				.split(/\s+/)
				.map((word) => JSON.stringify(word))
				.join(', ')}]`;
		}
		if (type === 'boolean' && typeof tree.value === 'string') return 'write true or false, without quotes';
		if (type.startsWith('int') && typeof tree.value === 'string' && /^\d+$/.test(tree.value))
			return `write ${tree.value}, without quotes`;
	}
	if (type.startsWith('[]') && tree.kind === 'map') return 'write a list: begin each item with "- "';
	if (type.startsWith('map') && tree.kind === 'list') return 'write `key: value` lines, without "- "';
	return undefined;
}

/** `64MB` and `2 GiB` are what people write for 64M and 2Gi. */
export function quantityAdvice(text: string): string | undefined {
	const match = /^([\d.]+)\s*([kmgtp])(i?)b$/i.exec(text);
	if (!match) return undefined;
	const [, number = '', letter = '', binary = ''] = match;
	if (binary) return `write ${number}${letter.toUpperCase()}i`;
	return `write ${number}${letter.toLowerCase() === 'k' ? 'k' : letter.toUpperCase()}`;
}
