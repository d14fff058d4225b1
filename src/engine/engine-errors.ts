/**
 * From what the engine or the socket said to an EngineError. Status codes alone do not tell enough: a taken
 * port, a registry that refuses and one that is down all come as 500, so the engine's words are read too.
 */
import { EngineError, type EngineErrorCode } from './engine.ts';

/** Node's codes of a connection that was not made, or was lost. */
const CONNECTION_CODES = new Set([
	'ENOENT',
	'ECONNREFUSED',
	'EACCES',
	'EPERM',
	'ECONNRESET',
	'EPIPE',
	'ETIMEDOUT',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ENOTFOUND',
	'EAI_AGAIN',
	'ENOTSOCK',
	// Its queue of connections is full: nobody takes any from it.
	'EAGAIN',
	'HPE_INVALID_CONSTANT',
]);

/** The error's own code (`ECONNRESET`), if it has one. */
export function systemCode(error: unknown): string | undefined {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Tells what an engine's answer means.
 * @param statusCode of HTTP; undefined for an error inside a stream that began with 200.
 */
export function classify(statusCode: number | undefined, text: string): EngineErrorCode {
	if (isRuntimeAway(text)) return 'UNREACHABLE';
	if (/port is already allocated|bind: address already in use|failed to bind (?:host )?port/i.test(text)) {
		return 'PORT_TAKEN';
	}
	// Of a fixed IP, at start: 403 with these words alone. A port's failure ends in the system's, in lower case.
	if (/\bAddress already in use\s*$|requested ip address \S+ is already allocated/.test(text)) {
		return 'ADDRESS_TAKEN';
	}
	if (
		/pool overlaps with other one|overlaps with (?:an )?existing|conflicts with network|is already used on the host/i.test(
			text,
		)
	) {
		return 'NETWORK_OVERLAP';
	}
	if (statusCode === undefined || statusCode === 500 || statusCode === 404) {
		const registry = classifyRegistry(text);
		if (registry) return registry;
	}
	switch (statusCode) {
		case 304:
			return 'NOT_MODIFIED';
		case 400:
			// Of a create that would share the IPC of one that is gone.
			return /^No such container: /.test(text) ? 'NOT_FOUND' : 'BAD_REQUEST';
		case 401:
			return 'UNAUTHORIZED';
		case 404:
			return /no such image/i.test(text) ? 'IMAGE_NOT_FOUND' : 'NOT_FOUND';
		// 403: "has active endpoints".
		case 403:
		case 409:
			return 'CONFLICT';
		default:
			// Podman's, of a container that was just removed.
			if (/: no such container\s*$/.test(text)) return 'NOT_FOUND';
			return /is not running|non running container|already in progress/i.test(text) ? 'CONFLICT' : 'UNKNOWN';
	}
}

/** The engine itself answers, but the containerd beneath it is away: the engine starts it again. */
export function isRuntimeAway(text: string): boolean {
	return /: unavailable\s*$/.test(text) || /dial unix \S*containerd\S*\.sock/.test(text);
}

/** A registry's refusal in the engine's words; undefined when the text is about something else. */
export function classifyRegistry(text: string): EngineErrorCode | undefined {
	if (
		/manifest unknown|manifest for .* not found|name unknown|pull access denied|repository .* not found/i.test(
			text,
		)
	) {
		return 'IMAGE_NOT_FOUND';
	}
	if (/no matching manifest|no match for platform/i.test(text)) return 'IMAGE_NOT_FOUND';
	if (
		/no basic auth credentials|unauthorized|authentication required|incorrect username|access.* denied/i.test(
			text,
		)
	) {
		return 'UNAUTHORIZED';
	}
	if (
		/dial tcp|connection refused|no such host|i\/o timeout|TLS handshake|Client\.Timeout|server misbehaving|network is unreachable|x509:|received unexpected HTTP status: 5|toomanyrequests|connection reset by peer|http: server gave HTTP response/i.test(
			text,
		)
	) {
		return 'REGISTRY_UNREACHABLE';
	}
	return undefined;
}

/**
 * Makes an EngineError of whatever a call threw. Texts are the engine's own, without the client library's frame.
 * @param address where the engine is, for the words of an unreachable one.
 */
export function toEngineError(error: unknown, address: string): EngineError {
	if (error instanceof EngineError) return error;
	if (!(error instanceof Error)) return new EngineError('UNKNOWN', String(error));
	if (error.name === 'AbortError')
		return new EngineError('ABORTED', 'the call was cut off', { cause: error });
	const statusCode =
		'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
	if (statusCode !== undefined) {
		const text = answerText(error);
		return new EngineError(classify(statusCode, text), text || `HTTP ${statusCode}`, {
			statusCode,
			cause: error,
		});
	}
	const code = systemCode(error);
	if (
		code !== undefined &&
		(CONNECTION_CODES.has(code) || code.startsWith('ERR_TLS') || code.includes('CERT'))
	) {
		return new EngineError('UNREACHABLE', unreachable(code, error.message, address), { cause: error });
	}
	return new EngineError('UNKNOWN', error.message, { cause: error });
}

function unreachable(code: string, text: string, address: string): string {
	switch (code) {
		case 'EACCES':
		case 'EPERM':
			return `permission denied on the Docker engine at ${address}: this user may not open it (is it in the group docker?)`;
		case 'ENOENT':
			return `no Docker engine at ${address}: there is no such socket (is the engine running?)`;
		case 'ECONNREFUSED':
			return `no Docker engine at ${address}: nothing listens there (is the engine running?)`;
		case 'EAGAIN':
			return `the Docker engine at ${address} does not answer: it takes no more connections`;
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return `no Docker engine at ${address}: the host's name can't be resolved`;
		case 'ECONNRESET':
		case 'EPIPE':
			return `the Docker engine at ${address} closed the connection (${text})`;
		default:
			return `the Docker engine at ${address} can't be reached: ${text}`;
	}
}

/** "(HTTP code 404) no such container - No such container: x " → the engine's part. */
function answerText(error: Error): string {
	if ('json' in error && typeof error.json === 'object' && error.json !== null && 'message' in error.json) {
		return String(error.json.message).trim();
	}
	return error.message.replace(/^\(HTTP code \d+\) .*? - /s, '').trim();
}
