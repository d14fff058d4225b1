/** Where a field belongs that was written in the wrong place: `hostNetwork` under a container. */
import { MODELS } from './schema.generated.ts';

/** How deep a home is looked for: spec.containers[*].securityContext.x */
const DEPTH = 4;

/** By kind's model: field → its shortest path. Made when a first field is asked for. */
const HOMES = new Map<string, ReadonlyMap<string, string>>();

/** The shortest path at which an object of the model has a field of this name. */
export function homeOf(model: string, field: string): string | undefined {
	let homes = HOMES.get(model);
	if (!homes) {
		homes = homesIn(model);
		HOMES.set(model, homes);
	}
	return homes.get(field);
}

/** Breadth first, and app containers before init containers, so that the best-known place wins. */
function homesIn(root: string): Map<string, string> {
	const homes = new Map<string, string>();
	let level: [string, string][] = [[root, '']];
	for (let depth = 0; depth < DEPTH; depth += 1) {
		const next: [string, string][] = [];
		for (const [model, path] of level) {
			for (const [field, type] of Object.entries(MODELS[model] ?? {})) {
				const at = path === '' ? field : `${path}.${field}`;
				if (!homes.has(field)) homes.set(field, at);
				const child = type.replace(/^(\[\]|\{\})+/, '');
				const skipped = field === 'status' || field === 'managedFields';
				if (!skipped && Object.hasOwn(MODELS, child))
					next.push([child, type.startsWith('[]') ? `${at}[*]` : at]);
			}
		}
		level = next;
	}
	return homes;
}
