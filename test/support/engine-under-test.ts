/**
 * Which engine the suites run on: the one that the docker command would talk to (DOCKER_HOST, a context, the
 * default socket), and the same one for all: podrun, the tests' own calls and the docker command.
 */
import Docker from 'dockerode';
import { type EngineAddress, parseEngineUrl } from '../../src/api/engine-address.ts';
import { resolveEngineAddress } from '../../src/client/engine-address.ts';
import { engineAgent } from '../../src/engine/agents.ts';

/** Found out once: scenarios change their own environment, never the process's. */
export const engineUnderTest: EngineAddress = resolveEngineAddress(process.env);

/**
 * What a podrun with another home needs in its environment to find the same engine.
 *
 * @throws when only a docker context knows the engine's certificates
 */
export function engineEnv(): Record<string, string> {
	const { url, source, tls } = engineUnderTest;
	if (source === 'the default socket') return {};
	if (tls !== undefined && !(process.env.DOCKER_HOST && process.env.DOCKER_CERT_PATH)) {
		throw new Error(
			`the engine of ${source} speaks TLS: set DOCKER_HOST=${url}, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH for the tests`,
		);
	}
	return { DOCKER_HOST: url };
}

/** Where its socket or TCP port is, for tests that stand something of their own before it. */
export type EngineConnection = { readonly path: string } | { readonly host: string; readonly port: number };

/** @throws for an engine over TLS or ssh: nothing of ours could read along. */
export function engineConnection(): EngineConnection {
	const { url, tls } = engineUnderTest;
	const endpoint = parseEngineUrl(url, tls !== undefined);
	if (endpoint?.kind === 'socket') return { path: endpoint.path };
	if (endpoint?.kind === 'tcp' && tls === undefined) return { host: endpoint.host, port: endpoint.port };
	throw new Error(`these tests need an engine on a unix socket or a TCP port, not ${url}`);
}

/** A client of it, over whatever leads there: socket, TCP, TLS, ssh. */
export function dockerClient(): Docker {
	// The agent makes all connections; what dockerode would take from the environment is set, or it would build URLs.
	const options = {
		host: undefined,
		port: undefined,
		protocol: 'http' as const,
		socketPath: '/engine',
		ca: undefined,
		cert: undefined,
		key: undefined,
		sshOptions: {},
		agent: engineAgent(engineUnderTest),
	};
	return new Docker(options);
}
