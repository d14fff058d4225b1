/**
 * How far a pull is, for the screen: the Pulling event of the pod carries an annotation with the bytes so
 * far, at most a few times a second. Progress is status and events, never a channel of its own.
 */
import type { PullProgress } from '../../engine/engine.ts';
import type { Deed, PerformerParts } from './performer.ts';

const EVERY_MS = 300;

/** A listener for one pull. */
export function tellProgress(
	parts: PerformerParts,
	{ pod }: Deed,
	image: string,
): (progress: PullProgress) => void {
	const layers = new Map<string, { current: number; total: number }>();
	let last = 0;
	return ({ layer, current, total }) => {
		if (total !== undefined && total > 0) layers.set(layer, { current: current ?? 0, total });
		const now = parts.clock.now();
		// The clock may have been set back.
		if (Math.abs(now - last) < EVERY_MS || layers.size === 0) return;
		last = now;
		const sum = [...layers.values()].reduce(
			(all, one) => ({ current: all.current + one.current, total: all.total + one.total }),
			{ current: 0, total: 0 },
		);
		parts.recorder.progress(pod, `Pulling image "${image}"`, `${sum.current}/${sum.total}`);
	};
}
