/**
 * Connections to the engine: one keep-alive agent, whatever lies beneath (unix socket, TCP, TLS, the user's own
 * ssh). Ours and not Node's global one, so that closing it closes nobody else's, and a process may end while
 * idle connections are open.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, type AgentOptions } from 'node:http';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { type EngineAddress, type EngineEndpoint, parseEngineUrl } from '../api/engine-address.ts';
import { EngineError } from './engine.ts';

/** Idle connections kept open. Events and followed logs hold theirs for themselves. */
const IDLE_CONNECTIONS = 16;
const KEEP_ALIVE_MS = 15_000;

/**
 * An agent whose connections lead to this engine.
 * @param keepAlive false: a connection for each call
 * @throws EngineError BAD_REQUEST when the address can't be read.
 */
export function engineAgent(address: EngineAddress, { keepAlive = true } = {}): Agent {
	const endpoint = parseEngineUrl(address.url, address.tls !== undefined);
	if (!endpoint) throw new EngineError('BAD_REQUEST', `"${address.url}" is no engine's address`);
	return new EngineAgent({ keepAlive, maxFreeSockets: IDLE_CONNECTIONS }, endpoint, address);
}

class EngineAgent extends Agent {
	readonly #endpoint: EngineEndpoint;
	readonly #address: EngineAddress;

	constructor(options: AgentOptions, endpoint: EngineEndpoint, address: EngineAddress) {
		super(options);
		this.#endpoint = endpoint;
		this.#address = address;
	}

	/** docker-modem renders its options with all that hangs on them for a log that nobody reads, at each call. */
	[inspect.custom](): string {
		return `EngineAgent(${this.#address.url})`;
	}

	override createConnection(): Duplex {
		const endpoint = this.#endpoint;
		switch (endpoint.kind) {
			case 'socket':
				return net.connect(endpoint.path);
			case 'tcp': {
				const { host, port } = endpoint;
				const material = this.#address.tls;
				// A peer that vanished without a word is noticed, so that a quiet event stream does not hang for ever.
				const alive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
				if (!material) return net.connect({ host, port, ...alive });
				return tls.connect({
					host,
					port,
					...alive,
					rejectUnauthorized: !material.skipVerify,
					...(net.isIP(host) ? {} : { servername: host }),
					...(material.ca === undefined ? {} : { ca: material.ca }),
					...(material.cert === undefined ? {} : { cert: material.cert }),
					...(material.key === undefined ? {} : { key: material.key }),
				});
			}
			case 'ssh':
				return new SshConnection(sshArguments(endpoint), this.#address.url);
		}
	}
}

/** The docker CLI's own call of ssh: the user's config, keys, agent and known hosts rule. */
function sshArguments(endpoint: Extract<EngineEndpoint, { kind: 'ssh' }>): string[] {
	return [
		'-o',
		'ConnectTimeout=30',
		'-T',
		...(endpoint.user === undefined ? [] : ['-l', endpoint.user]),
		...(endpoint.port === undefined ? [] : ['-p', String(endpoint.port)]),
		'--',
		endpoint.host,
		'docker',
		...(endpoint.path === undefined ? [] : ['--host', `unix://${endpoint.path}`]),
		'system',
		'dial-stdio',
	];
}

/** `ssh HOST docker system dial-stdio` dressed as a socket: one process is one connection. */
class SshConnection extends Duplex {
	readonly #child: ChildProcess;
	#complaint = '';
	#answered = false;

	constructor(args: readonly string[], url: string) {
		super({ allowHalfOpen: true });
		this.#child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'] });
		const child = this.#child;
		child.stdout?.on('data', (chunk: Buffer) => {
			this.#answered = true;
			if (!this.push(chunk)) child.stdout?.pause();
		});
		child.stderr?.on('data', (chunk: Buffer) => {
			this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-2000);
		});
		// An ssh that gives up closes its stdin first: why it gave up stands on its stderr, and is told at its end.
		child.stdin?.on('error', () => {});
		child.on('error', (error) => {
			this.destroy(
				new EngineError('UNREACHABLE', `can't run ssh for ${url}: ${error.message}`, { cause: error }),
			);
		});
		child.on('close', (code) => {
			if (this.#answered || code === 0) {
				this.push(null);
				return;
			}
			const why = this.#complaint.trim() || `ssh ended with exit code ${code}`;
			this.destroy(new EngineError('UNREACHABLE', `no Docker engine at ${url}: ${why}`));
		});
	}

	override _read(): void {
		this.#child.stdout?.resume();
	}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.#child.stdin?.write(chunk, () => done());
	}

	override _final(done: (error?: Error | null) => void): void {
		this.#child.stdin?.end(() => done());
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#child.kill();
		done(error);
	}

	// What node:http expects of a socket.
	setKeepAlive(): this {
		return this;
	}

	setNoDelay(): this {
		return this;
	}

	setTimeout(): this {
		return this;
	}

	ref(): this {
		this.#holdProcess('ref');
		return this;
	}

	unref(): this {
		this.#holdProcess('unref');
		return this;
	}

	#holdProcess(how: 'ref' | 'unref'): void {
		this.#child[how]();
		for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
			if (stream instanceof net.Socket) stream[how]();
		}
	}
}
