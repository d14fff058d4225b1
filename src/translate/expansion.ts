/** $(VAR) in commands, arguments, values and subPathExpr, as Kubernetes expands it. */

export type Variables = ReadonlyMap<string, string>;

/**
 * `$(NAME)` becomes the variable's value; `$$` becomes `$` and so escapes a reference; a reference to what is
 * not defined stays as it is, and so does a `$` before anything else. One pass: values are not looked into.
 */
export function expand(text: string, variables: Variables, onMissing?: (name: string) => void): string {
	if (!text.includes('$')) return text;
	let result = '';
	for (let at = 0; at < text.length; at += 1) {
		const char = text[at];
		if (char !== '$' || at + 1 >= text.length) {
			result += char;
			continue;
		}
		const next = text[at + 1];
		if (next === '$') {
			result += '$';
			at += 1;
			continue;
		}
		const end = next === '(' ? text.indexOf(')', at + 2) : -1;
		if (end < 0) {
			result += '$';
			continue;
		}
		const name = text.slice(at + 2, end);
		const value = variables.get(name);
		if (value === undefined) onMissing?.(name);
		result += value ?? `$(${name})`;
		at = end;
	}
	return result;
}
