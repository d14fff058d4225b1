/**
 * A storm of changes as one batch: a branch switch or an unpacked archive writes for seconds, and its middle is
 * no state that anybody meant. So the disk is looked at again until two looks are the same, within a limit.
 * Events would not tell: of ten thousand files they come long after the files, and in bursts.
 */
import type { Change } from './rules.ts';

/** From so many changes on, more may be about to come; one new folder is enough, for it is made before its files. */
const FEW = 8;
/** ms between the first two looks, and between those after something was found: a writer that has to wait for the disk or its turn. */
const FIRST_LOOK = 150;
const NEXT_LOOK = 300;
/** ms after which what there is goes over, though it still changes. */
const LONGEST = 10_000;

/** Whether these changes may be the beginning of more. */
export function mayGoOn(changes: readonly Change[]): boolean {
	return changes.length >= FEW || changes.some(({ folder, gone }) => folder && !gone);
}

/**
 * Resolves with all changes of a storm, the last one of each path. `look` tells what has changed since it was
 * asked before, `wait` takes ms. Rejects with what they reject with.
 */
export async function untilCalm(
	first: readonly Change[],
	look: () => Promise<readonly Change[]>,
	wait: (milliseconds: number) => Promise<unknown>,
): Promise<Change[]> {
	const changes = new Map(first.map((change) => [change.path, change] as const));
	let pause = FIRST_LOOK;
	for (let waited = 0; waited < LONGEST; waited += pause) {
		await wait(pause);
		const more = await look();
		if (more.length === 0) break;
		for (const change of more) changes.set(change.path, change);
		pause = NEXT_LOOK;
	}
	return [...changes.values()];
}
