/**
 * Where an engine is, as data: made from the environment and Docker's own files by client/engine-address.ts,
 * opened by engine/docker.ts. Pure, so that both sides of the wall may know it.
 */

/** TLS material as PEM texts; held in memory only, never logged or stored. */
export interface EngineTls {
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
	/** The server's certificate is not checked (a context's SkipTLSVerify, DOCKER_TLS without verify). */
	readonly skipVerify: boolean;
}

/** A resolved engine. `url` is its stable name, shown to the user and hashed into the state folder's name. */
export interface EngineAddress {
	/** unix:///path, npipe:////./pipe/x, tcp://host:port, ssh://[user@]host[:port] */
	readonly url: string;
	/** What named it, for messages: DOCKER_HOST, docker context "x", the default socket. */
	readonly source: string;
	readonly tls?: EngineTls;
}

/** The parts that a connection needs. */
export type EngineEndpoint =
	| { readonly kind: 'socket'; readonly path: string }
	| { readonly kind: 'tcp'; readonly host: string; readonly port: number }
	| {
			readonly kind: 'ssh';
			readonly host: string;
			readonly user?: string;
			readonly port?: number;
			/** Path of the remote socket, when the URL names one. */
			readonly path?: string;
	  };

/**
 * Takes an engine's URL apart, by the docker CLI's rules: a bare `host:port` is tcp, a bare absolute path is a
 * unix socket, tcp defaults to port 2375 (2376 with TLS).
 * @returns undefined when it is none of the known forms.
 */
export function parseEngineUrl(url: string, tls: boolean): EngineEndpoint | undefined {
	if (url.startsWith('/')) return { kind: 'socket', path: url };
	const scheme = /^([a-z]+):\/\/(.*)$/s.exec(url);
	const [kind, rest] = scheme ? [scheme[1], scheme[2] ?? ''] : ['tcp', url];
	switch (kind) {
		case 'unix':
			return rest.startsWith('/') ? { kind: 'socket', path: rest } : undefined;
		case 'npipe':
			return rest === '' ? undefined : { kind: 'socket', path: rest.replaceAll('/', '\\') };
		case 'tcp':
		case 'http':
		case 'https': {
			const at = hostPort(rest);
			if (at === undefined) return undefined;
			return { kind: 'tcp', host: at.host, port: at.port ?? (tls ? 2376 : 2375) };
		}
		case 'ssh': {
			const at = hostPort(rest);
			if (at === undefined || at.host.startsWith('-') || at.user?.startsWith('-')) return undefined;
			return { kind: 'ssh', ...at };
		}
		default:
			return undefined;
	}
}

function hostPort(text: string): { host: string; user?: string; port?: number; path?: string } | undefined {
	const match = /^(?:([^@/]+)@)?(\[[0-9a-fA-F:.]+\]|[^:@/[\]]+)(?::(\d{1,5}))?(\/.*)?$/.exec(text);
	if (!match?.[2]) return undefined;
	const port = match[3] === undefined ? undefined : Number(match[3]);
	if (port !== undefined && (port < 1 || port > 65535)) return undefined;
	return {
		host: match[2].replace(/^\[|\]$/g, ''),
		...(match[1] === undefined ? {} : { user: match[1] }),
		...(port === undefined ? {} : { port }),
		...(match[4] === undefined || match[4] === '/' ? {} : { path: match[4] }),
	};
}
