/**
 * What reaches into a pod on behalf of a client: logs, exec, attach, port-forward and usage. Which attempt of
 * a container is meant is read from the pod's status, as the kubelet does; refusals are in its words.
 */
import { type Duplex, Readable } from 'node:stream';
import type { AttachRequest, ExecRequest, LogRequest, PodUsage, ProcessStreams } from '../api/backend.ts';
import { ApiError, badRequest, notFound } from '../api/errors.ts';
import type { ContainerStatus, Pod } from '../api/types.ts';
import type { ContainerStats, Engine } from '../engine/engine.ts';
import type { Inventory } from '../engine/observe.ts';
import { POD_CONTAINER } from '../translate/names.ts';
import type { Clock } from './clock.ts';
import { connectThroughInfra } from './handlers/infra-dial.ts';
import type { Store } from './store.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';
/** Two readings nearer to each other than this tell nothing about CPU. */
const USAGE_WINDOW_MS = 500;
const OLDEST_READING_MS = 60_000;

export class PodStreams {
	readonly #engine: Engine;
	readonly #store: Store;
	readonly #inventory: Inventory;
	readonly #clock: Clock;
	readonly #readings = new Map<string, ContainerStats>();

	constructor(engine: Engine, store: Store, inventory: Inventory, clock: Clock) {
		this.#engine = engine;
		this.#store = store;
		this.#inventory = inventory;
		this.#clock = clock;
	}

	/** Throws NotFound, BadRequest for a container that has no log yet, and EngineError. */
	async logs(namespace: string, name: string, request: LogRequest): Promise<Readable> {
		const pod = this.#pod(namespace, name);
		const container = chosenContainer(pod, request.container);
		const id = logContainerID(pod, container, request.previous ?? false);
		// Once the answer has begun nobody can be told any more that there is no engine, or no such container.
		await this.#engine.inspectContainer(id);
		const abort = new AbortController();
		const since = request.sinceTime !== undefined ? Date.parse(request.sinceTime) : undefined;
		const chunks = this.#engine.logs(
			id,
			{
				follow: request.follow ?? false,
				stdout: request.stream !== 'Stderr',
				stderr: request.stream !== 'Stdout',
				timestamps: request.timestamps ?? false,
				...(request.tailLines === undefined ? {} : { tail: request.tailLines }),
				...(since === undefined ? {} : { since }),
				...(request.sinceSeconds === undefined
					? {}
					: { since: this.#clock.now() - request.sinceSeconds * 1000 }),
			},
			abort.signal,
		);
		const stream = Readable.from(limited(chunks, request.limitBytes), { objectMode: false });
		stream.once('close', () => abort.abort());
		return stream;
	}

	async exec(namespace: string, name: string, request: ExecRequest): Promise<ProcessStreams> {
		const pod = this.#pod(namespace, name);
		const id = await this.#running(pod, chosenContainer(pod, request.container));
		const { command, stdin, stdout, stderr, tty } = request;
		return this.#engine.exec(id, { command, stdin, stdout, stderr, tty });
	}

	async attach(namespace: string, name: string, request: AttachRequest): Promise<ProcessStreams> {
		const pod = this.#pod(namespace, name);
		const id = await this.#running(pod, chosenContainer(pod, request.container));
		const { tty, openStdin } = await this.#engine.inspectContainer(id);
		const session = await this.#engine.attach(id, { stdin: request.stdin && openStdin, tty });
		// An engine lets one attach to a container that has ended meanwhile, and waits for its next start: for ever.
		if ((await this.#engine.inspectContainer(id)).status !== 'running') {
			session.close();
			throw notRunning(chosenContainer(pod, request.container));
		}
		const ended = new Promise<void>((resolve) => session.stdout.once('close', resolve));
		const exitCode = ended.then(async () => {
			const after = await this.#engine.inspectContainer(id).catch(() => undefined);
			return after === undefined || after.status === 'running' ? 0 : after.exitCode;
		});
		return {
			stdout: session.stdout,
			stderr: session.stderr,
			...(session.stdin === undefined ? {} : { stdin: session.stdin }),
			exitCode,
			resize: (columns, rows) => session.resize(columns, rows),
			close: () => session.close(),
		};
	}

	/** Through the pause: reaches what listens on localhost only, on any engine, with nothing in the user's images. */
	async portForward(namespace: string, name: string, port: number): Promise<Duplex> {
		const pod = this.#pod(namespace, name);
		if (pod.status?.phase !== 'Running') {
			throw badRequest(
				`unable to forward port because pod is not running. Current status=${pod.status?.phase}`,
			);
		}
		const id = await this.#sandbox(pod);
		return connectThroughInfra(this.#engine, id, 'localhost', port);
	}

	async stats(namespace: string, name: string): Promise<PodUsage> {
		const pod = this.#pod(namespace, name);
		const containers = [];
		for (const status of [
			...(pod.status?.initContainerStatuses ?? []),
			...(pod.status?.containerStatuses ?? []),
		]) {
			if (status.state?.running === undefined || status.containerID === undefined) continue;
			containers.push({ name: status.name, id: engineID(status.containerID) });
		}
		const usage = await Promise.all(
			containers.map(async ({ name: container, id }) => {
				const { before, after } = await this.#twoReadings(id);
				const nanoseconds = Math.max(after.cpuNanoseconds - before.cpuNanoseconds, 0);
				const seconds = Math.max(after.at - before.at, 1) / 1000;
				return {
					name: container,
					cpuNanoCores: Math.round(nanoseconds / seconds),
					memoryBytes: after.memoryBytes,
				};
			}),
		);
		return { timestamp: new Date(this.#clock.now()).toISOString(), windowSeconds: 1, containers: usage };
	}

	async #twoReadings(id: string): Promise<{ before: ContainerStats; after: ContainerStats }> {
		let before = this.#readings.get(id);
		const age = before === undefined ? 0 : this.#clock.now() - before.at;
		// Too old, or of a time to come: the clock was set.
		if (before === undefined || age < 0 || age > OLDEST_READING_MS) before = await this.#engine.stats(id);
		const wait = Math.min(USAGE_WINDOW_MS - (this.#clock.now() - before.at), USAGE_WINDOW_MS);
		if (wait > 0) await new Promise<void>((resolve) => this.#clock.after(wait, resolve));
		const after = await this.#engine.stats(id);
		this.#readings.set(id, after);
		return { before, after };
	}

	#pod(namespace: string, name: string): Pod {
		const pod = this.#store.get<Pod>('Pod', namespace, name);
		if (pod === undefined) throw notFound('pods', name);
		return pod;
	}

	async #running(pod: Pod, container: string): Promise<string> {
		const phase = pod.status?.phase;
		if (phase === 'Succeeded' || phase === 'Failed') {
			throw badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`);
		}
		const known = await this.#inventory.observe(pod.metadata.uid ?? '');
		const running = known.find(({ observed }) => observed.name === container && observed.state === 'running');
		if (running === undefined) throw notRunning(container);
		return running.observed.id;
	}

	async #sandbox(pod: Pod): Promise<string> {
		const known = await this.#inventory.observe(pod.metadata.uid ?? '');
		const pause = known.find(
			({ observed }) => observed.name === POD_CONTAINER && observed.state === 'running',
		);
		if (pause === undefined)
			throw new ApiError(500, 'InternalError', `the sandbox of pod ${pod.metadata.name} does not run`);
		return pause.observed.id;
	}
}

/** `docker://<id>` → id */
function engineID(containerID: string): string {
	return containerID.replace(/^docker:\/\//, '');
}

function notRunning(container: string): ApiError {
	return new ApiError(
		500,
		'InternalError',
		`unable to upgrade connection: container not found ("${container}")`,
	);
}

function chosenContainer(pod: Pod, asked: string | undefined): string {
	const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
	const names = containers.map(({ name }) => name);
	const wanted = asked || pod.metadata.annotations?.[DEFAULT_CONTAINER];
	const all = [...initContainers, ...containers, ...ephemeralContainers];
	if (wanted !== undefined && wanted !== '') {
		if (all.some(({ name }) => name === wanted)) return wanted;
		throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
	}
	const [only] = names;
	if (names.length === 1 && only !== undefined) return only;
	const inits = initContainers.map(({ name }) => name);
	const others = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : '';
	throw badRequest(
		`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]${others}`,
	);
}

/** The kubelet's choice (validateContainerLogStatus): running, terminated, else what it last was. */
function logContainerID(pod: Pod, container: string, previous: boolean): string {
	const {
		containerStatuses = [],
		initContainerStatuses = [],
		ephemeralContainerStatuses = [],
	} = pod.status ?? {};
	const statuses: readonly ContainerStatus[] = [
		...containerStatuses,
		...initContainerStatuses,
		...ephemeralContainerStatuses,
	];
	const status = statuses.find(({ name }) => name === container);
	const name = pod.metadata.name;
	const last = status?.lastState?.terminated?.containerID;
	if (previous) {
		if (last) return engineID(last);
		throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
	}
	const { state } = status ?? {};
	if (state?.running !== undefined && status?.containerID) return engineID(status.containerID);
	if (state?.terminated?.containerID) return engineID(state.terminated.containerID);
	if (last) return engineID(last);
	const reason = state?.waiting?.reason ?? 'ContainerCreating';
	if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') {
		throw badRequest(
			`container "${container}" in pod "${name}" is waiting to start: trying and failing to pull image`,
		);
	}
	throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}

async function* limited(
	chunks: AsyncIterable<{ readonly data: Buffer }>,
	limit: number | undefined,
): AsyncIterable<Buffer> {
	let left = limit ?? Number.POSITIVE_INFINITY;
	for await (const { data } of chunks) {
		yield data.length > left ? data.subarray(0, left) : data;
		left -= data.length;
		if (left <= 0) return;
	}
}
