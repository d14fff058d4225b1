/** Two texts as a unified diff with three lines of context, as `diff -u` prints it. Pure. */

type Step = readonly [' ' | '-' | '+', string];

const CONTEXT = 3;

/** '' when the texts are the same. */
export function unifiedDiff(oldName: string, newName: string, before: string, after: string): string {
	if (before === after) return '';
	const steps = stepsOf(linesOf(before), linesOf(after));
	const out = [`--- ${oldName}`, `+++ ${newName}`];
	let [oldLine, newLine, at] = [1, 1, 0];
	while (at < steps.length) {
		const first = steps.findIndex(([mark], index) => index >= at && mark !== ' ');
		if (first < 0) break;
		let end = first;
		// Changes that are near each other share a hunk.
		for (let quiet = 0, index = first; index < steps.length && quiet <= 2 * CONTEXT; index += 1) {
			if (steps[index]?.[0] === ' ') quiet += 1;
			else [quiet, end] = [0, index];
		}
		const from = Math.max(at, first - CONTEXT);
		const to = Math.min(steps.length, end + CONTEXT + 1);
		oldLine += from - at;
		newLine += from - at;
		const hunk = steps.slice(from, to);
		const olds = hunk.filter(([mark]) => mark !== '+').length;
		const news = hunk.filter(([mark]) => mark !== '-').length;
		out.push(`@@ -${olds ? oldLine : 0},${olds} +${news ? newLine : 0},${news} @@`);
		out.push(...hunk.map(([mark, line]) => mark + line));
		oldLine += olds;
		newLine += news;
		at = to;
	}
	return `${out.join('\n')}\n`;
}

function linesOf(text: string): string[] {
	return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence; objects have hundreds of lines, not more. */
function stepsOf(before: readonly string[], after: readonly string[]): Step[] {
	const width = after.length + 1;
	const common = new Uint32Array((before.length + 1) * width);
	for (let i = before.length - 1; i >= 0; i -= 1) {
		for (let j = after.length - 1; j >= 0; j -= 1) {
			const [down = 0, right = 0, both = 0] = [
				common[(i + 1) * width + j],
				common[i * width + j + 1],
				common[(i + 1) * width + j + 1],
			];
			common[i * width + j] = before[i] === after[j] ? both + 1 : Math.max(down, right);
		}
	}
	const steps: Step[] = [];
	let [i, j] = [0, 0];
	while (i < before.length || j < after.length) {
		const [old = '', now = ''] = [before[i], after[j]];
		if (i < before.length && j < after.length && old === now) {
			steps.push([' ', old]);
			i += 1;
			j += 1;
		} else if (
			j >= after.length ||
			(i < before.length && (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
		) {
			steps.push(['-', old]);
			i += 1;
		} else {
			steps.push(['+', now]);
			j += 1;
		}
	}
	return steps;
}
