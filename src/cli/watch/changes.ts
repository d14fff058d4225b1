/** Changed paths and the watched ones: which of them count. Pure. */
import { type Change, concerns } from './rules.ts';
import type { Root } from './tree.ts';

/** Whether one of the roots has this path, and does not ignore it. */
export function isBelow(roots: readonly Root[], path: string): boolean {
	return roots.some((root) => concerns(root.path, root.ignore, path));
}

/** A folder that is gone takes all in it along. */
export function outermost(changes: readonly Change[], roots: readonly Root[]): Change[] {
	const own = new Set(roots.map(({ path }) => path));
	const gone = new Set(changes.filter(({ gone, path }) => gone && !own.has(path)).map(({ path }) => path));
	if (gone.size === 0) return [...changes];
	return changes.filter(({ path, gone: isGone }) => {
		if (!isGone) return true;
		for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
			if (gone.has(path.slice(0, at))) return false;
		}
		return true;
	});
}
