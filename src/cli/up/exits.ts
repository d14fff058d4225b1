/**
 * While logs are followed on a terminal: one line when a container ends, and whether it comes back. Without it a
 * crash would show as nothing but a first line that is said again.
 */
import type { ContainerStatus, Pod } from '../../api/types.ts';
import { statusesOf } from '../containers.ts';
import { type Io, say } from '../io.ts';
import type { PodFeed } from './feed.ts';

/** Tells ends that come from now on; those that were there before are no news. The result ends it. */
export function tellExits(io: Io, feed: PodFeed): () => void {
	const told = new Set<string>(feed.pods().flatMap((pod) => statusesOf(pod).flatMap(endsOf)));
	return feed.onChange(() => {
		for (const pod of feed.pods()) {
			for (const status of statusesOf(pod)) {
				const fresh = endsOf(status).filter((id) => !told.has(id));
				for (const id of fresh) {
					told.add(id);
					say(io, exitLine(pod, status, id));
				}
			}
		}
	});
}

/** Ids of the attempts that the status shows as ended. */
function endsOf({ state, lastState }: ContainerStatus): string[] {
	return [lastState?.terminated?.containerID, state?.terminated?.containerID].filter(
		(id) => id !== undefined,
	);
}

/** `web exited with code 3 (Error), starting again in 10s` */
export function exitLine(pod: Pod, status: ContainerStatus, id: string): string {
	const { state, lastState, name } = status;
	const end = [state?.terminated, lastState?.terminated].find((one) => one?.containerID === id);
	const how = `${name} exited with code ${end?.exitCode ?? '?'}${end?.reason ? ` (${end.reason})` : ''}`;
	if (pod.metadata.deletionTimestamp !== undefined) return how;
	const pause = /^back-off (\S+) /.exec(state?.waiting?.message ?? '')?.[1];
	if (pause !== undefined) return `${how}, starting again after a back-off of ${pause}`;
	return state?.running || state?.waiting ? `${how}, starting again` : how;
}
