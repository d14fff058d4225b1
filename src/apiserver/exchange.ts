/**
 * One request and its answer: reading a bounded body, content negotiation, and how answers and errors are
 * written. Protobuf is read for the core kinds (protobuf.ts) and written for none: 415 for a body of another kind,
 * 406 when nothing else is accepted.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { ApiError, badRequest, type Status } from '../api/errors.ts';
import type { KubeObject, Profile } from '../api/types.ts';
import { findDanger } from '../manifest/parse.ts';
import { MAX_DEPTH } from '../manifest/tree.ts';
import { fromProtobuf, PROTOBUF } from './protobuf.ts';

/** What etcd and the real API server bear: 3 MiB a request. */
export const BODY_LIMIT = 3 * 1024 * 1024;

export interface Exchange {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly path: string;
	readonly query: URLSearchParams;
	/** Variables of the route, decoded. */
	readonly params: Readonly<Record<string, string | undefined>>;
	readonly profile: Profile;
	/** Aborted when the client has gone, and when the server stops. */
	readonly signal: AbortSignal;
}

/** Reads the whole body. Throws 413 as soon as it is known to be too long. */
export async function readBody(exchange: Exchange): Promise<Buffer> {
	const tooLarge = () =>
		new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`);
	if (Number(exchange.request.headers['content-length'] ?? 0) > BODY_LIMIT) throw tooLarge();
	const chunks: Buffer[] = [];
	let length = 0;
	// What is left of a request that is refused is read by whoever answers it: its client may still be writing.
	for await (const chunk of exchange.request.iterator({ destroyOnReturn: false })) {
		length += (chunk as Buffer).length;
		if (length > BODY_LIMIT) throw tooLarge();
		chunks.push(chunk as Buffer);
	}
	return Buffer.concat(chunks);
}

/** The body as an object; JSON or YAML by its content type. Undefined: there was none. Throws 400, 413, 415. */
export async function readObject(exchange: Exchange): Promise<Record<string, unknown> | undefined> {
	const type = mediaType(exchange.request.headers['content-type'] ?? 'application/json');
	if (![PROTOBUF, 'application/json', 'application/yaml', 'text/plain', '*/*'].includes(type)) {
		throw unsupportedMedia(type, 'application/json, application/yaml');
	}
	const body = await readBody(exchange);
	if (body.length === 0) return undefined;
	if (type === PROTOBUF) {
		const object = fromProtobuf(body);
		if (object === undefined) throw unsupportedMedia(type, 'application/json, application/yaml');
		return object;
	}
	return parseObject(body, type === 'application/yaml');
}

/** Text of an object. Throws 400 when it is none; a key `__proto__` is data like any other, never a prototype. */
export function parseObject(body: Buffer, yaml: boolean): Record<string, unknown> {
	const value = yaml ? fromYaml(body) : fromJson(body);
	if (!isRecord(value)) throw badRequest('the body must be an object');
	return value;
}

/** A body as JSON, not too deep. Throws 400. */
export function fromJson(body: Buffer): unknown {
	try {
		return shallow(JSON.parse(body.toString('utf8')));
	} catch (error) {
		if (error instanceof ApiError) throw error;
		throw badRequest(
			`the object provided is unrecognized (must be of type JSON): ${(error as Error).message}`,
		);
	}
}

/** A body as YAML 1.1, without texts that would keep the parser busy. Throws 400. */
export function fromYaml(body: Buffer): unknown {
	const text = body.toString('utf8');
	// Texts on which the parser would spend minutes, or all memory.
	const danger = findDanger(text);
	if (danger) throw badRequest(`the object provided is unrecognized (must be of type YAML): ${danger.why}`);
	try {
		return shallow(parseYaml(text, { version: '1.1', maxAliasCount: 100 }));
	} catch (error) {
		if (error instanceof ApiError) throw error;
		throw badRequest(
			`the object provided is unrecognized (must be of type YAML): ${(error as Error).message}`,
		);
	}
}

/**
 * The value, if it nests no deeper than any object of Kubernetes: what does would be stored, and could not be
 * written again. Throws 400.
 */
function shallow(value: unknown): unknown {
	let level: unknown[] = [value];
	for (let depth = 0; level.length > 0; depth += 1) {
		if (depth > MAX_DEPTH)
			throw badRequest(`the object provided is nested more than ${MAX_DEPTH} levels deep`);
		level = level.flatMap((one) =>
			typeof one === 'object' && one !== null
				? Object.values(one).filter((inner) => typeof inner === 'object')
				: [],
		);
	}
	return value;
}

/** 415, with what would have been taken. */
export function unsupportedMedia(type: string, supported: string): ApiError {
	return new ApiError(
		415,
		'UnsupportedMediaType',
		`the body of the request was in an unknown format - accepted media types include: ${supported} (got ${type})`,
	);
}

/** `Application/JSON; charset=utf-8` → `application/json`. */
export function mediaType(header: string): string {
	return (header.split(';')[0] ?? '').trim().toLowerCase();
}

/** One alternative of an Accept header. */
interface Accepted {
	readonly type: string;
	readonly parameters: Readonly<Record<string, string>>;
}

/** What the answer may look like: objects as they are, or a Table of them. */
export type Form = 'object' | 'table';

/** The first alternative that we have. Throws 406 when there is none, e.g. protobuf alone. */
export function negotiate(exchange: Exchange): Form {
	const header = exchange.request.headers.accept;
	if (header === undefined || header.trim() === '') return 'object';
	for (const { type, parameters } of accepted(header)) {
		if (!['application/json', 'application/*', '*/*', 'application/yaml'].includes(type)) continue;
		if (parameters.as === undefined) return 'object';
		if (
			parameters.as === 'Table' &&
			parameters.g === 'meta.k8s.io' &&
			/^v1(beta1)?$/.test(parameters.v ?? '')
		)
			return 'table';
	}
	throw new ApiError(
		406,
		'NotAcceptable',
		'only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io',
	);
}

/** The alternatives of an Accept header, in its order. */
export function accepted(header: string): Accepted[] {
	return header.split(',').map((alternative) => {
		const [type = '', ...rest] = alternative.split(';').map((part) => part.trim());
		const pairs = rest.map((part) => part.split('=', 2) as [string, string?]);
		return {
			type: type.toLowerCase(),
			parameters: Object.fromEntries(pairs.map(([key, value]) => [key, value ?? ''])),
		};
	});
}

/** `body`: an object, or JSON that is text already. */
export function sendJson(exchange: Exchange, code: number, body: unknown): void {
	sendText(exchange, code, typeof body === 'string' ? body : JSON.stringify(body), 'application/json');
}

/** Answers whole; without the body to HEAD. */
export function sendText(exchange: Exchange, code: number, text: string, type: string): void {
	const body = Buffer.from(text);
	exchange.response.writeHead(code, { 'content-type': type, 'content-length': body.length });
	exchange.response.end(exchange.request.method === 'HEAD' ? undefined : body);
}

/** Anything thrown as a metav1.Status; what is not an ApiError is a bug of ours, told without its insides. */
export function statusOf(error: unknown): Status {
	if (error instanceof ApiError) return error.status;
	return new ApiError(500, 'InternalError', 'Internal error occurred: see the log of the supervisor').status;
}

/** metav1.Status of something that went well. */
export function success(details: Status['details']): Status {
	return {
		kind: 'Status',
		apiVersion: 'v1',
		metadata: {},
		status: 'Success',
		message: '',
		reason: '',
		...(details ? { details } : {}),
		code: 200,
	};
}

/** Whether it is an object and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a query parameter is on: `watch`, `watch=1`, `watch=true`. */
export function flag(query: URLSearchParams, name: string): boolean {
	const value = query.get(name);
	if (value === null) return false;
	if (['', '1', 't', 'true'].includes(value.toLowerCase())) return true;
	if (['0', 'f', 'false'].includes(value.toLowerCase())) return false;
	throw badRequest(`invalid value for ${name}: ${JSON.stringify(value)}`);
}

/** A whole number ≥ 0, or undefined when it is not given. */
export function count(query: URLSearchParams, name: string): number | undefined {
	const value = query.get(name);
	if (value === null || value === '') return undefined;
	if (!/^\d{1,15}$/.test(value)) throw badRequest(`invalid value for ${name}: ${JSON.stringify(value)}`);
	return Number(value);
}

const texts = new WeakMap<KubeObject, string>();

/** JSON of a stored object. Stored objects never change, so 200 watchers share one text. */
export function jsonOf(object: KubeObject): string {
	let text = texts.get(object);
	if (text === undefined) {
		text = JSON.stringify(object);
		texts.set(object, text);
	}
	return text;
}
