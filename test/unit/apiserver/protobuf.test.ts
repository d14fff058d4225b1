/** Whatever JSON can say of a core kind, protobuf must be able to say: a field without a number would be lost. */
import { expect, test } from 'vitest';
import { NUMBERS } from '../../../src/apiserver/protobuf.generated.ts';
import { KINDS, MODELS } from '../../../src/manifest/schema.generated.ts';

/** Not in the objects' own message, the server's own, or of a status that nobody sends. */
const ELSEWHERE = new Set(['apiVersion', 'kind']);
const UNSENT = new Set(['ObjectMeta.managedFields', 'NodeAllocatableResourceClaimStatus.resources']);

test('every field of the core kinds has a number, and no two have the same', () => {
	const missing: string[] = [];
	const seen = new Set<string>();
	const visit = (model: string, isKind: boolean): void => {
		const fields = MODELS[model];
		if (fields === undefined || seen.has(model)) return;
		seen.add(model);
		const pairs = (NUMBERS[model] ?? '').split(' ').map((pair) => pair.split(':') as [string, string]);
		const numbers = new Map(pairs);
		expect(new Set(numbers.values()).size, model).toBe(numbers.size);
		for (const [field, type] of Object.entries(fields)) {
			const name = `${model}.${field}`;
			if (!numbers.has(field) && !(isKind && ELSEWHERE.has(field)) && !UNSENT.has(name)) missing.push(name);
			if (!UNSENT.has(name)) visit(type.replace(/^(\[\]|\{\})+/, ''), false);
		}
	};
	for (const model of Object.values(KINDS.v1 ?? {})) visit(model, true);
	expect(seen.size).toBeGreaterThan(100);
	expect(missing).toEqual([]);
});
