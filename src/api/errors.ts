/**
 * The errors that a user may see. A `UserError` is told in plain words with no stack; an `ApiError` is a
 * metav1.Status, as the API server sends it over the wall. Anything else that is thrown is a bug of ours
 * and shows its stack.
 */

/** Closed set: the exit code and the wording of the screen depend on it. */
export type UserErrorCode =
	| 'USAGE' // wrong flags or arguments: exit 2
	| 'MANIFEST' // bad input, with positions
	| 'NOT_FOUND'
	| 'ENGINE_UNREACHABLE'
	| 'ENGINE' // the engine refused something
	| 'SUPERVISOR' // the supervisor can't be started or reached
	| 'POD_FAILED' // the pod can't be what was asked
	| 'TIMEOUT'
	| 'UNSUPPORTED';

/** What was being done, to what, why it failed (`message`, `cause`), and what to do next (`hint`). */
export class UserError extends Error {
	readonly code: UserErrorCode;
	readonly hint: string | undefined;

	constructor(code: UserErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.name = 'UserError';
		this.code = code;
		this.hint = options.hint;
	}
}

/** One broken field, in the words of apimachinery's field errors. */
export interface StatusCause {
	readonly reason: string;
	readonly message: string;
	readonly field: string;
}

/** metav1.Status as it stands on the wire. */
export interface Status {
	readonly kind: 'Status';
	readonly apiVersion: 'v1';
	readonly metadata: Record<string, never>;
	readonly status: 'Failure' | 'Success';
	readonly message: string;
	readonly reason: string;
	readonly details?: {
		readonly name?: string;
		readonly group?: string;
		readonly kind?: string;
		readonly uid?: string;
		readonly causes?: readonly StatusCause[];
		readonly retryAfterSeconds?: number;
	};
	readonly code: number;
}

/** A failure that the API answers as metav1.Status. `reason` is one of Kubernetes' StatusReasons. */
export class ApiError extends Error {
	readonly status: Status;

	constructor(code: number, reason: string, message: string, details?: Status['details']) {
		super(message);
		this.name = 'ApiError';
		this.status = {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message,
			reason,
			...(details ? { details } : {}),
			code,
		};
	}
}

/** pods "x" not found, 404. `kind` is the resource's plural name. */
export function notFound(kind: string, name: string): ApiError {
	return new ApiError(404, 'NotFound', `${kind} "${name}" not found`, { name, kind });
}

/** pods "x" already exists, 409. */
export function alreadyExists(kind: string, name: string): ApiError {
	return new ApiError(409, 'AlreadyExists', `${kind} "${name}" already exists`, { name, kind });
}

/** The object was changed in between, 409. */
export function conflict(kind: string, name: string, why: string): ApiError {
	return new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${kind} "${name}": ${why}`, {
		name,
		kind,
	});
}

/** The object breaks rules of its kind, 422. `kind` is the Kind ("Pod"), causes are in the order found. */
export function invalid(kind: string, name: string, causes: readonly StatusCause[]): ApiError {
	const told = causes.map((c) => `${c.field}: ${c.message}`);
	const list = told.length === 1 ? told[0] : `[${told.join(', ')}]`;
	return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, { name, kind, causes });
}

/** The request itself makes no sense, 400. */
export function badRequest(message: string): ApiError {
	return new ApiError(400, 'BadRequest', message);
}
