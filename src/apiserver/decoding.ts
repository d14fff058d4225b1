/**
 * Bodies as objects of their kinds: strictly decoded by the same tables as manifests, so that nothing mistyped
 * gets past this door. Unknown fields are refused, warned of or dropped as fieldValidation asks.
 */
import { badRequest } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { withoutAutomount } from '../manifest/automount.ts';
import { decodeTree, modelOf } from '../manifest/decode.ts';
import { treeOf } from '../manifest/tree.ts';
import type { Exchange } from './exchange.ts';
import { isRecord } from './exchange.ts';

/** Fields of metadata that the server writes itself and that no manifest decoder need know. */
const OWN = ['managedFields', 'selfLink'] as const;

/**
 * The object that a body holds. Throws 400 when it is of another kind, when a field has the wrong type, and,
 * with fieldValidation=Strict, when it has unknown fields; with Warn they become Warning headers.
 */
export function decodeBody(exchange: Exchange, body: Record<string, unknown>, kind: string): KubeObject {
	checkKind(body, kind);
	const value = { ...body, apiVersion: 'v1', kind };
	if (modelOf('v1', kind) === undefined) return plain(value, kind);
	const { tree: own, leftOut } = withoutAutomount(tree(value));
	const { object, errors } = decodeTree(own);
	const unknown = errors.filter((error) => error.code === 'UnknownField' && !isOwn(error.path));
	const wrong = errors.filter((error) => error.code !== 'UnknownField');
	if (wrong.length > 0) {
		throw badRequest(
			`${kind} in version "v1" cannot be handled as a ${kind}: ${wrong.map((e) => e.message).join(', ')}`,
		);
	}
	const messages = unknown.map((error) => error.message);
	if (messages.length > 0) checkUnknown(exchange, messages);
	const told = fieldValidation(exchange) === 'Warn' ? messages : [];
	warn(exchange, [...leftOut.map((one) => one.message), ...told]);
	// Every reader of events asks what they are about.
	if (kind === 'Event') object['involvedObject'] ??= {};
	return keepOwn(object, body);
}

function checkKind(body: Record<string, unknown>, kind: string): void {
	const found = body.kind;
	if (found !== undefined && found !== '' && found !== kind) {
		throw badRequest(
			`the object provided is unrecognized: expected kind ${kind} of version v1, got ${JSON.stringify(found)}`,
		);
	}
	const version = body.apiVersion;
	if (version !== undefined && version !== '' && version !== 'v1') {
		throw badRequest(
			`the API version in the data (${String(version)}) does not match the expected API version (v1)`,
		);
	}
}

/** Throws 400 when unknown fields are to be refused. */
function checkUnknown(exchange: Exchange, messages: readonly string[]): void {
	if (fieldValidation(exchange) !== 'Strict') return;
	throw badRequest(`strict decoding error: ${messages.join(', ')}`);
}

function fieldValidation(exchange: Exchange): string {
	return exchange.query.get('fieldValidation') || 'Warn';
}

function warn(exchange: Exchange, messages: readonly string[]): void {
	if (messages.length === 0) return;
	exchange.response.setHeader(
		'warning',
		messages.map((message) => `299 - "${message.replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')}"`),
	);
}

function isOwn(path: string): boolean {
	return OWN.some((field) => path === `metadata.${field}` || path.startsWith(`metadata.${field}[`));
}

/** managedFields hold FieldsV1, whose shape is free: they pass as they are. */
function keepOwn(object: KubeObject, body: Record<string, unknown>): KubeObject {
	const metadata = isRecord(body.metadata) ? body.metadata : {};
	if (!Array.isArray(metadata.managedFields)) return object;
	return { ...object, metadata: { ...object.metadata, managedFields: metadata.managedFields } };
}

/** A kind without a table (events): taken as it is, if it has the shape of an object. */
function plain(value: Record<string, unknown>, kind: string): KubeObject {
	if (!isRecord(value.metadata)) throw badRequest(`${kind}: metadata must be an object`);
	return { ...value, apiVersion: 'v1', kind, metadata: { name: '', ...value.metadata } };
}

function tree(value: unknown) {
	try {
		return treeOf(value);
	} catch (error) {
		throw badRequest((error as Error).message);
	}
}
