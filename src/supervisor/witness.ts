/**
 * When containers began and ended by our own clock. The engine's clock may be another one (a remote engine's), or
 * may have been set in between: a death that lies an hour ahead would hold a restart back for an hour, one that
 * lies an hour back would skip every back-off. So the engine's word is taken as long as it agrees with what was
 * seen: a change lies between the last look before it and the first look after it.
 */
import type { Instant } from '../api/types.ts';
import { isPristine } from '../reconcile/context.ts';
import type { ObservedContainer } from '../reconcile/observed.ts';

/** ms by which two clocks may differ without anybody minding. */
const TOLERANCE = 1_000;

/** The engine's words, to notice changes by. */
interface Told {
	readonly startedAt: Instant | undefined;
	readonly overSince: Instant | undefined;
}

interface Sight {
	/** When it was last looked at. */
	readonly at: Instant;
	readonly told: Told;
	readonly seen: NonNullable<ObservedContainer['seen']>;
}

export class Witness {
	/** By container id. */
	readonly #sights = new Map<string, Sight>();

	/** The container with its `seen`; what was seen of it once stays, until the engine tells of another start or end. */
	see(container: ObservedContainer, now: Instant): ObservedContainer {
		const before = this.#sights.get(container.id);
		const told = { startedAt: container.startedAt, overSince: endOf(container) };
		const startedAt = ownTime('startedAt', told, before, now);
		const overSince = ownTime('overSince', told, before, now);
		const seen = {
			...(startedAt === undefined ? {} : { startedAt }),
			...(overSince === undefined ? {} : { overSince }),
		};
		this.#sights.set(container.id, { at: now, told, seen });
		return { ...container, seen };
	}

	/** The clock was set forward by `ms`. */
	shift(ms: number): void {
		for (const [id, { at, told, seen }] of this.#sights) {
			const { startedAt, overSince } = seen;
			const moved = {
				...(startedAt === undefined ? {} : { startedAt: startedAt + ms }),
				...(overSince === undefined ? {} : { overSince: overSince + ms }),
			};
			this.#sights.set(id, { at: at + ms, told, seen: moved });
		}
	}

	/** `ids`: the containers that there are. */
	prune(ids: ReadonlySet<string>): void {
		for (const id of [...this.#sights.keys()]) if (!ids.has(id)) this.#sights.delete(id);
	}
}

/** The engine's word of its end; of a program that could not be started there is only the time it was made. */
function endOf(container: ObservedContainer): Instant | undefined {
	const { state } = container;
	if (state === 'running' || state === 'paused' || isPristine(container)) return undefined;
	return container.finishedAt ?? container.createdAt;
}

function ownTime(what: keyof Told, told: Told, before: Sight | undefined, now: Instant): Instant | undefined {
	const word = told[what];
	if (word === undefined) return undefined;
	if (before !== undefined && before.told[what] === word) return before.seen[what];
	const earliest = before?.at ?? Number.NEGATIVE_INFINITY;
	// Events come at once, so what is news now has just happened.
	return word > now + TOLERANCE || word < earliest - TOLERANCE ? now : word;
}
