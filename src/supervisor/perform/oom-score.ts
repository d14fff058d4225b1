/**
 * Learning that the engine's machine lets nobody lower an oom_score_adj. Of the own machine it is known before
 * (node.ts); an engine elsewhere is found out by the first start that fails for it.
 */
import type { PerformerParts } from './performer.ts';

/** crun names the file; runc's first process ends without a word. */
const REFUSED = /oom_score_adj|can't get final child's PID from pipe: EOF/;

/** Whether this start failed for its negative oom_score_adj. From then on containers are made without one. */
export function learnOomScore({ node, log }: Pick<PerformerParts, 'node' | 'log'>, error: unknown): boolean {
	if (!node.oomScoreAllowed || !(error instanceof Error) || !REFUSED.test(error.message)) return false;
	node.oomScoreAllowed = false;
	log.info('the engine may not lower oom_score_adj: pods run without', { error: error.message });
	return true;
}
