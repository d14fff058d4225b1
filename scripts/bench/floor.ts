/**
 * The floor: what the engine itself takes for the same containers, asked for by one process that knows nothing
 * of pods. Bare HTTP over one keep-alive agent; same kind of network, same pause, a fixed IP.
 */
import { Agent, request } from 'node:http';

export interface FloorOptions {
	readonly socket: string;
	/** Of everything that is made, so that it can be told from others' and cleaned up. */
	readonly prefix: string;
	readonly image: string;
	readonly pause: string;
	readonly subnet: string;
	/** OCI runtime, by the engine's name for it; default: the engine's default. */
	readonly runtime?: string;
}

const LABEL = 'podrun.dev/bench';

export class Floor {
	readonly #options: FloorOptions;
	readonly #agent = new Agent({ keepAlive: true });
	#count = 0;

	constructor(options: FloorOptions) {
		this.#options = options;
	}

	get #runtime(): { Runtime?: string } {
		const { runtime } = this.#options;
		return runtime === undefined ? {} : { Runtime: runtime };
	}

	/** Makes the network. */
	async open(): Promise<void> {
		const { prefix, subnet } = this.#options;
		await this.#call('POST', '/networks/create', {
			Name: prefix,
			CheckDuplicate: true,
			IPAM: { Config: [{ Subnet: subnet }] },
			Labels: { [LABEL]: prefix },
		});
	}

	/** Removes all that this floor has made. */
	async close(): Promise<void> {
		const { prefix } = this.#options;
		const filters = encodeURIComponent(JSON.stringify({ label: [`${LABEL}=${prefix}`] }));
		const left = await this.#call<{ Id: string }[]>('GET', `/containers/json?all=true&filters=${filters}`);
		await Promise.all(left.map(({ Id }) => this.remove(Id)));
		const { Volumes } = await this.#call<{ Volumes: { Name: string }[] | null }>(
			'GET',
			`/volumes?filters=${filters}`,
		);
		await Promise.all((Volumes ?? []).map(({ Name }) => this.#call('DELETE', `/volumes/${Name}`)));
		await this.#call('DELETE', `/networks/${prefix}`).catch(() => {});
		this.#agent.destroy();
	}

	/** A pause and n containers in it. `ahead`: everything is made before the pause has started. Ids, pause first. */
	async bringUp(n: number, ahead: boolean): Promise<string[]> {
		this.#count += 1;
		const name = `${this.#options.prefix}-${this.#count}`;
		const pause = await this.#createPause(name);
		const starting = this.start(pause);
		if (!ahead) await starting;
		const ids = await Promise.all(
			Array.from({ length: n }, (_, index) => this.create(`${name}-${index}`, `container:${pause}`)),
		);
		await starting;
		await Promise.all(ids.map((id) => this.start(id)));
		return [pause, ...ids];
	}

	/** The containers at once, the pause after them. */
	async tearDown([pause = '', ...ids]: readonly string[]): Promise<void> {
		await Promise.all(ids.map((id) => this.remove(id)));
		await this.remove(pause);
	}

	async create(name: string, network: string): Promise<string> {
		const made = await this.#call<{ Id: string }>('POST', `/containers/create?name=${name}`, {
			Image: this.#options.image,
			Cmd: ['sleep', '3600'],
			Labels: { [LABEL]: this.#options.prefix },
			Healthcheck: { Test: ['NONE'] },
			HostConfig: { NetworkMode: network, IpcMode: network, ...this.#runtime },
		});
		return made.Id;
	}

	async start(id: string): Promise<void> {
		await this.#call('POST', `/containers/${id}/start`);
	}

	async kill(id: string): Promise<void> {
		await this.#call('POST', `/containers/${id}/kill?signal=KILL`);
	}

	async wait(id: string): Promise<void> {
		await this.#call('POST', `/containers/${id}/wait`);
	}

	async remove(id: string): Promise<void> {
		await this.#call('DELETE', `/containers/${id}?force=true`);
	}

	async hasImage(image: string): Promise<boolean> {
		return this.#call('GET', `/images/${image}/json`).then(
			() => true,
			() => false,
		);
	}

	async #createPause(name: string): Promise<string> {
		const { prefix, pause, subnet } = this.#options;
		const [a, b, c] = subnet.split('.');
		const made = await this.#call<{ Id: string }>('POST', `/containers/create?name=${name}`, {
			Image: pause,
			Labels: { [LABEL]: prefix },
			HostConfig: { NetworkMode: prefix, IpcMode: 'shareable', ...this.#runtime },
			NetworkingConfig: {
				EndpointsConfig: {
					[prefix]: { IPAMConfig: { IPv4Address: `${a}.${b}.${c}.${10 + (this.#count % 200)}` } },
				},
			},
		});
		return made.Id;
	}

	#call<T>(method: string, path: string, body?: object): Promise<T> {
		const { promise, resolve, reject } = Promise.withResolvers<T>();
		const text = body === undefined ? '' : JSON.stringify(body);
		const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
		const call = request(
			{ socketPath: this.#options.socket, agent: this.#agent, method, path, headers },
			(answer) => {
				const chunks: Buffer[] = [];
				answer.on('data', (chunk: Buffer) => chunks.push(chunk));
				answer.on('error', reject);
				answer.on('end', () => {
					const told = Buffer.concat(chunks).toString();
					if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${told.trim()}`));
					else resolve((told === '' ? undefined : JSON.parse(told)) as T);
				});
			},
		);
		call.on('error', reject);
		call.end(text);
		return promise;
	}
}
