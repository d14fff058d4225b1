/**
 * The words of `get pods`: READY, STATUS and RESTARTS of one pod, computed as kubectl's server-side printer
 * does, and ages as kubectl prints them.
 */
import type { ContainerStatus, Instant, Pod } from './types.ts';

export interface PodWords {
	/** `1/2`: ready containers (sidecars too) of all. */
	readonly ready: string;
	/** Running, Completed, CrashLoopBackOff, Init:0/2, Terminating… */
	readonly status: string;
	/** `3`, or `3 (2m ago)` where the last end is known. */
	readonly restarts: string;
}

/** @param now for the time since the last restart; without it only the count is told */
export function statusWord(pod: Pod, now?: Instant): PodWords {
	const status = pod.status ?? {};
	const sidecars = new Set(
		(pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name),
	);
	const total = pod.spec.containers.length + sidecars.size;
	const conditions = status.conditions ?? [];
	const isTrue = (type: string) => conditions.some((c) => c.type === type && c.status === 'True');

	let word = status.reason || status.phase || 'Unknown';
	if (conditions.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) {
		word = 'SchedulingGated';
	}
	const init = initWord(pod, sidecars);
	let ready = init.ready;
	let counted = status.initContainerStatuses ?? [];
	if (init.counted !== undefined) counted = counted.slice(0, init.counted);
	if (init.word !== undefined) word = init.word;
	if (init.word === undefined || isTrue('Initialized')) {
		const containers = status.containerStatuses ?? [];
		counted = [...counted.filter(({ name }) => sidecars.has(name)), ...containers];
		const running = containers.filter((c) => c.ready && c.state?.running !== undefined);
		ready += running.length;
		// The first container that has a word of its own wins: the printer goes from the last to the first.
		word = containers.map(stateWord).find((own) => own !== undefined) ?? word;
		if (word === 'Completed' && running.length > 0) word = isTrue('Ready') ? 'Running' : 'NotReady';
	}
	const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
	if (pod.metadata.deletionTimestamp !== undefined) {
		if (status.reason === 'NodeLost') word = 'Unknown';
		else if (!ended) word = 'Terminating';
	}
	return { ready: `${ready}/${total}`, status: word, restarts: restartsOf(counted, now) };
}

interface InitWord {
	readonly ready: number;
	/** Undefined: initialization is through. */
	readonly word?: string;
	/** How many init containers were looked at until the word was found. */
	readonly counted?: number;
}

function initWord(pod: Pod, sidecars: ReadonlySet<string>): InitWord {
	const statuses = pod.status?.initContainerStatuses ?? [];
	let ready = 0;
	for (const [index, status] of statuses.entries()) {
		const { terminated, waiting } = status.state ?? {};
		if (terminated?.exitCode === 0) continue;
		if (sidecars.has(status.name) && status.started === true) {
			if (status.ready) ready += 1;
			continue;
		}
		const counted = index + 1;
		if (terminated !== undefined) return { ready, word: `Init:${endWord(terminated)}`, counted };
		if (waiting?.reason && waiting.reason !== 'PodInitializing') {
			return { ready, word: `Init:${waiting.reason}`, counted };
		}
		return { ready, word: `Init:${index}/${(pod.spec.initContainers ?? []).length}`, counted };
	}
	return { ready };
}

function stateWord(status: ContainerStatus): string | undefined {
	const { waiting, terminated } = status.state ?? {};
	if (waiting?.reason) return waiting.reason;
	return terminated === undefined ? undefined : endWord(terminated);
}

function endWord(end: { reason?: string; signal?: number; exitCode: number }): string {
	if (end.reason) return end.reason;
	return end.signal ? `Signal:${end.signal}` : `ExitCode:${end.exitCode}`;
}

function restartsOf(statuses: readonly ContainerStatus[], now: Instant | undefined): string {
	const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
	const ends = statuses
		.map(({ lastState }) => Date.parse(lastState?.terminated?.finishedAt ?? ''))
		.filter((at) => !Number.isNaN(at));
	if (count === 0 || ends.length === 0 || now === undefined) return String(count);
	return `${count} (${humanDuration(now - Math.max(...ends))} ago)`;
}

/** An age as kubectl prints it: 5s, 2m30s, 10m, 3h5m, 2d4h, 8d, 2y10d, in two units at most. */
export function humanDuration(ms: number): string {
	const seconds = Math.floor(ms / 1000);
	if (seconds < -1) return '<invalid>';
	if (seconds < 0) return '0s';
	if (seconds < 120) return `${seconds}s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
	if (minutes < 180) return `${minutes}m`;
	const hours = Math.floor(minutes / 60);
	if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
	if (hours < 48) return `${hours}h`;
	const days = Math.floor(hours / 24);
	if (hours < 192) return two(days, 'd', hours % 24, 'h');
	if (days < 730) return `${days}d`;
	const years = Math.floor(days / 365);
	return days < 2920 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
	return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
