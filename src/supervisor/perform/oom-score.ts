/**
 * Learning that the engine's machine lets nobody lower an oom_score_adj. Of the own machine it is known before
 * (node.ts); an engine elsewhere is found out by the first start that fails for it.
 */
import type { CreateOptions } from '../../engine/engine.ts';
import type { Journal } from '../journal.ts';
import type { PerformerParts } from './performer.ts';

/** crun names the file; runc's first process ends without a word. */
const REFUSED = /oom_score_adj|can't get final child's PID from pipe: EOF/;

/** To be called when a container has been made. */
export function noteOomScore({ oomScored }: Journal, id: string, { oomScoreAdj = 0 }: CreateOptions): void {
	if (oomScoreAdj < 0) oomScored.add(id);
}

/**
 * Whether this start failed for a negative oom_score_adj: the container is to be made anew, without one. The first
 * such failure is the lesson; others were under way by then.
 */
export function failedForOomScore(
	{ node, log }: Pick<PerformerParts, 'node' | 'log'>,
	{ oomScored }: Journal,
	id: string,
	error: unknown,
): boolean {
	if (!(error instanceof Error) || !REFUSED.test(error.message)) return false;
	const wasScored = oomScored.delete(id);
	const isNews = node.oomScoreAllowed;
	node.oomScoreAllowed = false;
	if (isNews) {
		log.info('the engine may not lower oom_score_adj: pods run without', { error: error.message });
	}
	return isNews || wasScored;
}
