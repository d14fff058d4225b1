/** Pods and observations for the tables: a base, and what a case changes. */
import type { Container, Pod, PodSpec, PodStatus } from '../../../src/api/types.ts';
import { type Decision, formatAction } from '../../../src/reconcile/action.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import { containerHash, resourcesHash, sandboxHash } from '../../../src/reconcile/hash.ts';
import type { ObservedContainer, ObservedPod, Role, Settings } from '../../../src/reconcile/observed.ts';

/** 2026-11-21T12:00:00Z */
export const T0 = Date.parse('2026-11-21T12:00:00Z');
export const SETTINGS: Settings = { profile: 'kubernetes', maxRestartBackoffMs: 300_000 };
export const LOCAL: Settings = { ...SETTINGS, profile: 'local' };

export function container(name: string, more: Partial<Container> = {}): Container {
	return { name, image: 'busybox:1.36', imagePullPolicy: 'IfNotPresent', ...more };
}

export function sidecar(name: string, more: Partial<Container> = {}): Container {
	return container(name, { restartPolicy: 'Always', ...more });
}

export function pod(spec: Partial<PodSpec> = {}, more: { metadata?: object; status?: PodStatus } = {}): Pod {
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, ...more.metadata },
		spec: {
			restartPolicy: 'Always',
			terminationGracePeriodSeconds: 30,
			containers: [container('main')],
			...spec,
		},
		...(more.status === undefined ? {} : { status: more.status }),
	} as Pod;
}

/** A pod that is being deleted: the request came at `at`. */
export function deleted(of: Pod, at: number, graceSeconds = 30): Pod {
	return {
		...of,
		metadata: {
			...of.metadata,
			deletionTimestamp: `${new Date(at + graceSeconds * 1000).toISOString().slice(0, 19)}Z`,
			deletionGracePeriodSeconds: graceSeconds,
		},
	};
}

export function pause(of: Pod, more: Partial<ObservedContainer> = {}): ObservedContainer {
	return {
		id: 'pause0',
		name: 'POD',
		role: 'infra',
		attempt: 0,
		hash: sandboxHash(of),
		resourcesHash: '',
		backoffMs: 0,
		state: 'running',
		image: 'pause',
		imageID: 'sha256:p',
		createdAt: T0,
		startedAt: T0,
		oomKilled: false,
		ip: '10.201.0.2',
		...more,
	};
}

/** An attempt made from the pod's spec, running in pause0. */
export function attempt(of: Pod, name: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
	const init = of.spec.initContainers?.find((c) => c.name === name);
	const spec =
		init ?? [...of.spec.containers, ...(of.spec.ephemeralContainers ?? [])].find((c) => c.name === name);
	const role: Role = init === undefined ? 'app' : init.restartPolicy === 'Always' ? 'sidecar' : 'init';
	const number = more.attempt ?? 0;
	return {
		id: `${name}${number}`,
		name,
		role,
		attempt: number,
		hash: spec === undefined ? 'none' : containerHash(of, spec),
		resourcesHash: spec === undefined ? '' : resourcesHash(spec),
		backoffMs: 0,
		state: 'running',
		image: spec?.image ?? 'busybox:1.36',
		imageID: 'sha256:b',
		createdAt: T0,
		startedAt: T0,
		oomKilled: false,
		sandboxID: 'pause0',
		...more,
	};
}

export function created(of: Pod, name: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
	const { startedAt: _never, ...made } = attempt(of, name, { state: 'created', ...more });
	return made;
}

export function exited(
	of: Pod,
	name: string,
	exitCode: number,
	more: Partial<ObservedContainer> = {},
): ObservedContainer {
	return attempt(of, name, {
		state: 'exited',
		exitCode,
		finishedAt: T0 + 1_000,
		message: '',
		...more,
	});
}

/** A pod whose pause runs, whose volumes and images are there; `containers` newest first. */
export function observe(
	of: Pod,
	containers: readonly ObservedContainer[] = [],
	more: Partial<ObservedPod> = {},
): ObservedPod {
	const byName = new Map<string, ObservedContainer[]>();
	for (const one of containers) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
	const all = [
		...(of.spec.initContainers ?? []),
		...of.spec.containers,
		...(of.spec.ephemeralContainers ?? []),
	];
	return {
		at: T0 + 5_000,
		sandboxes: [pause(of)],
		containers: byName,
		images: new Map(all.map(({ image = '' }) => [image, { ref: image, id: 'sha256:b' }])),
		pulled: new Map(),
		volumes: { created: true, current: true, written: true },
		admission: { admitted: true, at: T0 },
		probes: new Map(),
		deeds: new Map(),
		inFlight: new Set(),
		failures: new Map(),
		initDone: new Map(),
		restartRequested: new Set(),
		rerunInit: new Set(),
		hostIP: '192.168.1.5',
		podIP: '10.201.0.2',
		...more,
	};
}

/** Nothing on the engine yet. */
export function fresh(of: Pod, more: Partial<ObservedPod> = {}): ObservedPod {
	return observe(of, [], {
		at: T0,
		sandboxes: [],
		volumes: { created: false, current: false, written: false },
		...more,
	});
}

/** What is to be done, as text, without its causes. */
export function actions(decision: Decision): string[] {
	return decision.actions.map((action) => formatAction(action).replace(/ \([^()]*\)$/, ''));
}

/** What `decide` says is to be done now. */
export function decided(of: Pod, observed: ObservedPod, settings: Settings = SETTINGS): string[] {
	return actions(decide(of, observed, settings));
}
