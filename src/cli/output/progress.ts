/**
 * Progress of pods as rows: one for a pod, one for each of its containers. A row is a function of the pod's
 * status and the last event of the container, so that the screen never shows more than the API knows. Pure.
 */
import type { ContainerStatus, Event, Pod } from '../../api/types.ts';
import { containersOf, type NamedContainer, statusesOf } from '../containers.ts';
import { verdictOf } from '../up/verdict.ts';

export type RowStatus = 'waiting' | 'working' | 'done' | 'failed';

export interface Row {
	/** `pod/web`, or `pod/web/nginx`. */
	readonly id: string;
	readonly parent?: string;
	readonly name: string;
	readonly status: RowStatus;
	/** A word or two: Pulling, Running, Ready, CrashLoopBackOff… */
	readonly text: string;
	/** What the word stands for: the image, the message of an error. */
	readonly details?: string;
	/** Bytes, while an image is pulled. */
	readonly current?: number;
	readonly total?: number;
}

/** The row of the pod first, then its containers in the order in which they start. */
export function rowsOf(pod: Pod, events: readonly Event[]): readonly Row[] {
	const id = `pod/${pod.metadata.name}`;
	const statuses = new Map(statusesOf(pod).map((status) => [status.name, status] as const));
	const order = { init: 0, app: 1, ephemeral: 2 };
	const containers = [...containersOf(pod)].sort((a, b) => order[a.role] - order[b.role]);
	return [
		{ id, name: id, ...podText(pod, events) },
		...containers.map((container) => ({
			id: `${id}/${container.name}`,
			parent: id,
			name: container.role === 'init' && !container.sidecar ? `${container.name} (init)` : container.name,
			...containerText(container, statuses.get(container.name), eventsOf(events, container.name)),
		})),
	];
}

type Text = Pick<Row, 'status' | 'text' | 'details' | 'current' | 'total'>;

function podText(pod: Pod, events: readonly Event[]): Text {
	const node = events.findLast(({ reason }) => reason === 'NodeNotReady' || reason === 'NodeReady');
	// Until it answers again, all that is told below is what was seen last.
	if (node?.reason === 'NodeNotReady') {
		const why = (node.message ?? '').replace(/^Node is not ready: /, '');
		return { status: 'waiting', text: 'Waiting for the engine', details: why };
	}
	const verdict = verdictOf(pod, events);
	switch (verdict.type) {
		case 'ready':
			return { status: 'done', text: 'Ready', ...(pod.status?.podIP ? { details: pod.status.podIP } : {}) };
		case 'completed':
			return { status: 'done', text: 'Completed' };
		case 'failed':
			return {
				status: 'failed',
				text: pod.metadata.deletionTimestamp ? 'Terminating' : 'Failed',
				details: verdict.cause,
			};
		case 'pending':
			break;
	}
	const sidecars = new Set(
		(pod.spec.initContainers ?? [])
			.filter(({ restartPolicy }) => restartPolicy === 'Always')
			.map(({ name }) => name),
	);
	const inits = (pod.spec.initContainers ?? []).length;
	const done = (pod.status?.initContainerStatuses ?? []).filter(({ name, state, started }) =>
		sidecars.has(name) ? started && state?.running : state?.terminated?.exitCode === 0,
	).length;
	if (inits > 0 && done < inits) {
		return { status: 'working', text: `Init ${done}/${inits}` };
	}
	const all = pod.spec.containers.length;
	const ready = (pod.status?.containerStatuses ?? []).filter((status) => status.ready).length;
	return pod.status?.phase === 'Running'
		? { status: 'working', text: `Ready ${ready}/${all}` }
		: { status: 'working', text: 'Starting' };
}

function containerText(
	container: NamedContainer,
	status: ContainerStatus | undefined,
	events: readonly Event[],
): Text {
	const { waiting, running, terminated } = status?.state ?? {};
	if (running) {
		if (container.role === 'app' || container.sidecar) {
			return status?.ready
				? { status: 'done', text: 'Ready' }
				: { status: 'working', text: status?.started === false ? 'Starting up' : 'Running, not ready' };
		}
		return { status: 'working', text: 'Running' };
	}
	if (terminated) {
		return terminated.exitCode === 0
			? { status: 'done', text: 'Completed' }
			: { status: 'failed', text: `${terminated.reason || 'Error'} (exit code ${terminated.exitCode})` };
	}
	const reason = waiting?.reason ?? '';
	if (reason !== '' && reason !== 'ContainerCreating' && reason !== 'PodInitializing') {
		return { status: 'failed', text: reason, ...(waiting?.message ? { details: waiting.message } : {}) };
	}
	return onItsWay(container, events.at(-1), waiting?.message);
}

/** Before it runs, the last event of a container tells how far it is. */
function onItsWay(container: NamedContainer, last: Event | undefined, message: string | undefined): Text {
	switch (last?.reason) {
		case 'Pulling':
			return { status: 'working', text: 'Pulling', details: message || container.image, ...bytesOf(message) };
		case 'Pulled':
			return { status: 'working', text: 'Image ready' };
		case 'Created':
		case 'Started':
			return { status: 'working', text: last.reason };
		default:
			return {
				status: 'waiting',
				text: 'Waiting',
				...(message ? { details: message, ...bytesOf(message) } : {}),
			};
	}
}

/** `… 12582912/41943040 bytes` in a waiting message: how the supervisor tells of a pull. */
function bytesOf(message: string | undefined): { current?: number; total?: number } {
	const found = /(\d+)\/(\d+) bytes/.exec(message ?? '');
	return found ? { current: Number(found[1]), total: Number(found[2]) } : {};
}

/** Events of one container: those whose fieldPath is `spec.containers{name}` or the like. */
export function eventsOf(events: readonly Event[], container: string): readonly Event[] {
	return events.filter((event) => event.involvedObject.fieldPath?.endsWith(`{${container}}`));
}

/** The rows of `after` that differ from those of `before`. */
export function changedRows(before: readonly Row[], after: readonly Row[]): readonly Row[] {
	const known = new Map(before.map((row) => [row.id, row] as const));
	return after.filter((row) => {
		const old = known.get(row.id);
		return !old || old.status !== row.status || old.text !== row.text || old.details !== row.details;
	});
}

/** A row as a line of a log: `pod/web nginx: Pulling (nginx:1.27)`. */
export function plainLine(row: Row): string {
	const who = row.parent ? `${row.parent} ${row.name}` : row.name;
	return `${who}: ${row.text}${row.details ? ` (${row.details})` : ''}`;
}

/** A row as a JSON line for programs, in the words of compose's. */
export function jsonLine(row: Row): string {
	const words = { waiting: 'Waiting', working: 'Working', done: 'Done', failed: 'Error' };
	return JSON.stringify({
		id: row.id,
		parent_id: row.parent,
		status: words[row.status],
		text: row.text,
		details: row.details,
		current: row.current,
		total: row.total,
		percent: row.current !== undefined && row.total ? Math.floor((row.current / row.total) * 100) : undefined,
	});
}
