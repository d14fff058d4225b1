/**
 * Docker's events as hints: "look at this container again". The stream ends without a word when the engine
 * stops, proxies cut it when it is quiet, the engine keeps only its last 256 events and drops those of a reader
 * that stalls. So the subscription is renewed for ever, asks for what it missed, and tells after each
 * (re)connection that there was a gap: then everything is to be listed anew. Inspect is the truth.
 *
 * What the engine sends for a container (seen on 20.10, pinned by test/engine/events.test.ts):
 *
 *   created                        create
 *   started                        start
 *   its process ends by itself     die[exitCode]
 *   start refused by the runtime   nothing; the container stays `created` with an error and exit code 127 or 128
 *   signal, the process lives on   kill(signal)
 *   signal, the process ends       kill(signal) die[exitCode]
 *   stop, TERM obeyed              kill(15) die[exitCode] stop
 *   stop, TERM ignored             kill(15) kill(9) die[137] stop
 *   restart                        kill(15) die stop start restart
 *   rm of a dead one               destroy
 *   rm -f of a running one         kill(9) die[137] destroy
 *   out of memory                  oom (once or more) die[137]; `oom` alone when only a child was killed
 *   pause, unpause                 pause · unpause
 *   exec                           exec_create exec_start exec_die[exitCode]
 *   update, rename                 update · rename
 *   archive read, written          archive-path · extract-to-dir
 *   engine stopped (SIGTERM)       kill(15) kill(9) die stop of each, then the stream ends; after its restart
 *                                  nothing is replayed: the history is in its memory only
 *   engine killed (SIGKILL)        the stream ends and nothing else; processes run on meanwhile
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Engine, EngineError, type EngineEvent } from './engine.ts';

/** Waits between two tries to connect: the first, doubling to the longest. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
/** A first subscription reaches back a little: the engine answers just before it begins to listen. */
const OVERLAP_MS = 1_000;

/**
 * Keeps a subscription until the signal fires; then it resolves.
 * @param labels AND-ed `key=value` or `key`; only containers (and images) have them.
 * @param onEvent must be quick: a reader that stalls loses events. The same event may be told twice over a gap.
 * @param onGap the engine listens (again) from now on: list everything.
 * @param onLost the connection ended or could not be made; it will be tried again. Told once per outage.
 * @param sooner called before each wait for the next try: a promise that ends the wait when it resolves.
 */
export async function watchEvents(
	engine: Pick<Engine, 'events'>,
	labels: readonly string[],
	onEvent: (event: EngineEvent) => void,
	onGap: () => void,
	signal: AbortSignal,
	onLost: (error: EngineError | undefined) => void = () => undefined,
	sooner: () => Promise<void> = () => new Promise(() => undefined),
): Promise<void> {
	let wait = FIRST_WAIT_MS;
	let lost = false;
	let since = Date.now() - OVERLAP_MS;
	// Events of the newest instant, so that asking from there on does not tell them twice.
	let told = new Set<string>();

	while (!signal.aborted) {
		let failure: EngineError | undefined;
		const onConnected = (): void => {
			wait = FIRST_WAIT_MS;
			lost = false;
			onGap();
		};
		try {
			for await (const event of engine.events({ labels, since, onConnected }, signal)) {
				const key = `${event.kind} ${event.id} ${event.action}`;
				if (event.at === since && told.has(key)) continue;
				if (event.at > since) {
					since = event.at;
					told = new Set();
				}
				if (event.at === since) told.add(key);
				onEvent(event);
			}
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			failure = error;
		}
		if (signal.aborted) return;
		if (!lost) onLost(failure);
		lost = true;
		const over = new AbortController();
		const waiting = delay(wait, undefined, { signal: AbortSignal.any([signal, over.signal]) });
		await Promise.race([waiting.catch(() => undefined), sooner()]);
		over.abort();
		wait = Math.min(wait * 2, LONGEST_WAIT_MS);
	}
}
