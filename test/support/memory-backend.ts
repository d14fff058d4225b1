/**
 * A backend that keeps its objects in memory and runs nothing: the API server's tests need the rules of
 * versions, watches and deletion, not pods. exec and attach run small programs of its own (`echo`, `cat`,
 * `fail`), logs and connections are what a test puts in.
 */
import { type Duplex, PassThrough, Readable } from 'node:stream';
import type {
	Backend,
	BuildRequest,
	DeleteOptions,
	ExecRequest,
	LogRequest,
	ObjectList,
	ProcessStreams,
	StoredKind,
	UpdateOptions,
	WatchEvent,
	WriteOptions,
} from '../../src/api/backend.ts';
import { ApiError, alreadyExists, badRequest, conflict, invalid, notFound } from '../../src/api/errors.ts';
import { generateName, objectKey, sameJson } from '../../src/api/object.ts';
import type { KubeObject, Node, Pod } from '../../src/api/types.ts';
import { RESOURCES } from '../../src/supervisor/store.ts';

export class MemoryBackend implements Backend {
	/** Log bytes by `namespace/pod`; a stream is given out as it is. */
	readonly logTexts = new Map<string, string | Readable>();
	/** The last exec or log request, to see what arrived. */
	lastExec: ExecRequest | undefined;
	lastLog: LogRequest | undefined;
	readonly restarts: string[] = [];
	/** Sizes that a terminal was given. */
	readonly sizes: string[] = [];
	/** Events older than this are forgotten. */
	oldest = 0;
	openStreams = 0;

	readonly #objects = new Map<string, KubeObject>();
	readonly #history: { readonly revision: number; readonly event: WatchEvent }[] = [];
	readonly #watchers = new Set<() => void>();
	#revision = 100;

	info() {
		return {
			engine: { address: 'unix:///dev/null', version: '0', apiVersion: '1.41', name: 'memory' },
			instance: 'default',
			pods: [...this.#objects.values()].filter((object) => object.kind === 'Pod').length,
		};
	}

	async node(): Promise<Node> {
		const conditions = [{ type: 'Ready', status: 'True' }];
		return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'memory' }, status: { conditions } } as Node;
	}

	async get(kind: StoredKind, namespace: string | undefined, name: string): Promise<KubeObject> {
		const found = this.#objects.get(this.#key(kind, namespace, name));
		if (found === undefined) throw notFound(RESOURCES[kind] ?? kind, name);
		return found;
	}

	async list(kind: StoredKind, namespace: string | undefined): Promise<ObjectList> {
		const items = [...this.#objects.entries()]
			.filter(([, o]) => o.kind === kind && (namespace === undefined || o.metadata.namespace === namespace))
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([, object]) => object);
		return { items, resourceVersion: String(this.#revision) };
	}

	async *watch(
		kind: StoredKind,
		options: { readonly namespace?: string; readonly since?: string },
		signal: AbortSignal,
	): AsyncIterable<WatchEvent> {
		let position = Number(options.since ?? this.#revision);
		if (position < this.oldest) throw new ApiError(410, 'Expired', `too old resource version: ${position}`);
		while (!signal.aborted) {
			const news = this.#history.filter(({ revision }) => revision > position);
			position = this.#revision;
			for (const { event } of news) {
				const { kind: found, metadata } = event.object;
				if (found !== kind) continue;
				if (options.namespace === undefined || metadata.namespace === options.namespace) yield event;
			}
			if (position === this.#revision) await this.#change(signal);
		}
	}

	async create(kind: StoredKind, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
		const { generateName: base = '' } = object.metadata;
		const name = object.metadata.name || (base && generateName(base, Math.random));
		if (!name) throw badRequest('name or generateName is required');
		if (!/^[a-z0-9.-]+$/.test(name)) {
			throw invalid(kind, name, [
				{ field: 'metadata.name', reason: 'FieldValueInvalid', message: 'Invalid value' },
			]);
		}
		const key = this.#key(kind, object.metadata.namespace, name);
		if (this.#objects.has(key)) throw alreadyExists(RESOURCES[kind] ?? kind, name);
		const metadata = {
			...object.metadata,
			name,
			uid: `uid-${this.#revision + 1}`,
			creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
		};
		if (options.dryRun) return { ...object, metadata };
		return this.#store('ADDED', key, { ...object, metadata });
	}

	async update(kind: StoredKind, object: KubeObject, options: UpdateOptions = {}): Promise<KubeObject> {
		const { namespace, name, resourceVersion } = object.metadata;
		const before = await this.get(kind, namespace, name);
		if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) {
			throw conflict(RESOURCES[kind] ?? kind, name, 'the object has been modified');
		}
		const { uid, creationTimestamp } = before.metadata;
		const kept = { uid, creationTimestamp, resourceVersion: before.metadata.resourceVersion };
		const metadata = { ...object.metadata, ...kept } as KubeObject['metadata'];
		const next =
			options.subresource === 'status'
				? { ...before, status: object.status }
				: { ...object, metadata, ...(before.status === undefined ? {} : { status: before.status }) };
		if (options.dryRun || sameJson(next, before)) return next;
		return this.#store('MODIFIED', this.#key(kind, namespace, name), next, before);
	}

	async delete(
		kind: StoredKind,
		namespace: string | undefined,
		name: string,
		options: DeleteOptions = {},
	): Promise<{ object: KubeObject; deleted: boolean }> {
		const object = await this.get(kind, namespace, name);
		if ((options.preconditions?.uid ?? object.metadata.uid) !== object.metadata.uid) {
			throw conflict(RESOURCES[kind] ?? kind, name, 'Precondition failed: UID in precondition differs');
		}
		if (options.dryRun) return { object, deleted: true };
		if (kind === 'Pod' && options.gracePeriodSeconds !== 0) {
			const seconds = options.gracePeriodSeconds ?? 30;
			const metadata = {
				...object.metadata,
				deletionTimestamp: '2030-01-01T00:00:00Z',
				deletionGracePeriodSeconds: seconds,
			};
			const next = this.#store('MODIFIED', this.#key(kind, namespace, name), { ...object, metadata }, object);
			return { object: next, deleted: false };
		}
		this.remove(kind, namespace, name);
		return { object, deleted: true };
	}

	/** What a pod worker does in the end. */
	remove(kind: StoredKind, namespace: string | undefined, name: string): void {
		const key = this.#key(kind, namespace, name);
		const object = this.#objects.get(key);
		if (object === undefined) return;
		this.#objects.delete(key);
		this.#revision += 1;
		const metadata = { ...object.metadata, resourceVersion: String(this.#revision) };
		this.#tell({ type: 'DELETED', object: { ...object, metadata } });
	}

	async restart(namespace: string, pod: string, container?: string): Promise<Pod> {
		const object = await this.get('Pod', namespace, pod);
		this.restarts.push(`${namespace}/${pod}/${container ?? '*'}`);
		return object as unknown as Pod;
	}

	async logs(namespace: string, pod: string, request: LogRequest): Promise<Readable> {
		await this.get('Pod', namespace, pod);
		this.lastLog = request;
		const text = this.logTexts.get(`${namespace}/${pod}`) ?? '';
		return typeof text === 'string' ? Readable.from([Buffer.from(text)]) : text;
	}

	/** `nowhere` can't be started, `echo WORDS` prints, `cat` copies stdin, `fail CODE` complains on stderr and ends with the code. */
	async exec(namespace: string, pod: string, request: ExecRequest): Promise<ProcessStreams> {
		await this.get('Pod', namespace, pod);
		this.lastExec = request;
		const [program, ...words] = request.command;
		return this.#process(program ?? '', words);
	}

	async attach(namespace: string, pod: string): Promise<ProcessStreams> {
		await this.get('Pod', namespace, pod);
		return this.#process('cat', []);
	}

	/** An echo server on port 7; nobody listens at the others. */
	async portForward(namespace: string, pod: string, port: number): Promise<Duplex> {
		await this.get('Pod', namespace, pod);
		if (port !== 7) throw new ApiError(500, 'InternalError', `connection refused: port ${port}`);
		const echo = new PassThrough();
		this.openStreams += 1;
		echo.once('close', () => {
			this.openStreams -= 1;
		});
		return echo;
	}

	async stats() {
		const containers = [{ name: 'web', cpuNanoCores: 1500, memoryBytes: 2048 }];
		return { timestamp: '2030-01-01T00:00:00Z', windowSeconds: 1, containers };
	}

	/** Bodies of syncs, by `namespace/pod/container`. */
	readonly synced: { readonly to: string; readonly body: Buffer }[] = [];

	async sync(namespace: string, pod: string, container: string, body: Buffer) {
		await this.get('Pod', namespace, pod);
		this.synced.push({ to: `${namespace}/${pod}/${container}`, body });
		return { delivered: true };
	}

	async stage(namespace: string, pod: string, container: string, body: Buffer) {
		this.synced.push({ to: `${namespace}/${pod}/${container}`, body });
	}

	async unstage() {}

	async watched(namespace: string, pod: string) {
		await this.get('Pod', namespace, pod);
	}

	async syncedPaths(namespace: string, pod: string) {
		await this.get('Pod', namespace, pod);
		return ['/app/kept'];
	}

	async checkup() {
		return [];
	}

	async leftovers() {
		return [];
	}

	async prune() {
		return [];
	}

	async settled(namespace: string, pod: string) {
		await this.get('Pod', namespace, pod);
	}

	async imageID(image: string) {
		return `sha256:${image}`;
	}

	async build(request: BuildRequest, onOutput: (text: string) => void) {
		for await (const chunk of request.context) onOutput(`context: ${(chunk as Buffer).length} bytes\n`);
		if (request.image === 'broken:1') throw new ApiError(422, 'Invalid', 'the build failed');
		return `sha256:${request.image}`;
	}

	async replaceImage(namespace: string, pod: string, image: string) {
		await this.get('Pod', namespace, pod);
		return [image];
	}

	#process(program: string, words: readonly string[]): ProcessStreams {
		const stdout = new PassThrough();
		const stderr = new PassThrough();
		const stdin = new PassThrough();
		const { promise: exitCode, resolve, reject } = Promise.withResolvers<number>();
		exitCode.catch(() => {});
		this.openStreams += 1;
		stdout.once('close', () => {
			this.openStreams -= 1;
		});
		if (program === 'cat') {
			stdin.pipe(stdout).once('end', () => resolve(0));
			stderr.end();
		} else if (program === 'echo') {
			stdout.end(`${words.join(' ')}\n`);
			stderr.end();
			resolve(0);
		} else if (program === 'nowhere') {
			// As engines tell it.
			stdout.end('OCI runtime exec failed: exec: "nowhere": executable file not found in $PATH: unknown\r\n');
			stderr.end();
			resolve(126);
		} else if (program === 'fail') {
			stderr.end('it went wrong\n');
			stdout.end();
			resolve(Number(words[0]));
		} else {
			stdout.end();
			stderr.end();
			reject(badRequest(`${program}: not found`));
		}
		return {
			stdout,
			stderr,
			stdin,
			exitCode,
			resize: async (columns, rows) => {
				this.sizes.push(`${columns}x${rows}`);
			},
			close: () => {
				stdin.destroy();
				stdout.destroy();
				stderr.destroy();
				resolve(137);
			},
		};
	}

	#key(kind: StoredKind, namespace: string | undefined, name: string): string {
		return `${kind}:${objectKey(kind === 'Namespace' ? undefined : namespace, name)}`;
	}

	#store(type: 'ADDED' | 'MODIFIED', key: string, object: KubeObject, previous?: KubeObject): KubeObject {
		this.#revision += 1;
		const metadata = { ...object.metadata, resourceVersion: String(this.#revision) };
		const stored = { ...object, metadata };
		this.#objects.set(key, stored);
		this.#tell({ type, object: stored, ...(previous ? { previous } : {}) });
		return stored;
	}

	#tell(event: WatchEvent): void {
		this.#history.push({ revision: this.#revision, event });
		for (const wake of this.#watchers) wake();
	}

	async #change(signal: AbortSignal): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#watchers.add(resolve);
		signal.addEventListener('abort', () => resolve(), { once: true });
		await promise;
		this.#watchers.delete(resolve);
	}
}
