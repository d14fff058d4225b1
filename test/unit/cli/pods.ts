/** Pods and events as the API gives them, for tests of what the CLI shows. */
import type { Event, Pod } from '../../../src/api/types.ts';

export const NOW = Date.parse('2026-03-01T10:10:00Z');

/** RFC 3339, so many seconds before NOW. */
export function ago(seconds: number): string {
	return new Date(NOW - seconds * 1000).toISOString().replace('.000Z', 'Z');
}

export type StatusPart = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

export function running(name: string, extra: Partial<StatusPart> = {}): StatusPart {
	return {
		name,
		image: 'busybox:1.36',
		imageID: '',
		ready: true,
		started: true,
		restartCount: 0,
		containerID: `docker://${name}-0`,
		state: { running: { startedAt: ago(60) } },
		...extra,
	};
}

export function terminated(name: string, exitCode: number, extra: Partial<StatusPart> = {}): StatusPart {
	return {
		...running(name, { ready: false, started: false }),
		state: {
			terminated: {
				exitCode,
				reason: exitCode === 0 ? 'Completed' : 'Error',
				startedAt: ago(60),
				finishedAt: ago(50),
				containerID: `docker://${name}-0`,
			},
		},
		...extra,
	};
}

export function waiting(name: string, reason: string, extra: Partial<StatusPart> = {}): StatusPart {
	return { ...running(name, { ready: false, started: false }), state: { waiting: { reason } }, ...extra };
}

export interface PodParts {
	readonly name?: string;
	readonly containers?: readonly string[];
	readonly init?: readonly string[];
	readonly phase?: string;
	readonly ready?: boolean;
	readonly statuses?: readonly StatusPart[];
	readonly initStatuses?: readonly StatusPart[];
	readonly metadata?: Partial<Pod['metadata']>;
	readonly status?: Partial<NonNullable<Pod['status']>>;
}

export function pod(parts: PodParts = {}): Pod {
	const { containers = ['main'], init = [] } = parts;
	const spec = (name: string) => ({ name, image: 'busybox:1.36' });
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {
			name: parts.name ?? 'web',
			namespace: 'default',
			uid: `uid-${parts.name ?? 'web'}`,
			creationTimestamp: ago(300),
			...parts.metadata,
		},
		spec: {
			containers: containers.map(spec),
			...(init.length > 0 ? { initContainers: init.map(spec) } : {}),
		},
		status: {
			phase: parts.phase ?? 'Running',
			podIP: '10.201.0.7',
			conditions: [{ type: 'Ready', status: parts.ready === false ? 'False' : 'True' }],
			containerStatuses: [...(parts.statuses ?? [])],
			...(parts.initStatuses ? { initContainerStatuses: [...parts.initStatuses] } : {}),
			...parts.status,
		},
	} as Pod;
}

export function event(reason: string, message: string, extra: Partial<Event> = {}): Event {
	return {
		apiVersion: 'v1',
		kind: 'Event',
		metadata: { name: `web.${reason}`, namespace: 'default', creationTimestamp: ago(30) },
		involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-web' },
		reason,
		message,
		type: 'Normal',
		count: 1,
		firstTimestamp: ago(30),
		lastTimestamp: ago(30),
		source: { component: 'podrun' },
		...extra,
	} as Event;
}
