/**
 * What goes wrong, in words: API errors as kubectl prints them, user errors with their hint, and a stack
 * only for what is a bug of podrun.
 */
import { ApiError, type Status, UserError } from '../../api/errors.ts';
import { plain } from './plain.ts';

export interface Told {
	/** '' when all was said already. */
	readonly text: string;
	readonly exitCode: number;
}

/** A verb that has told its failure itself and only has an exit code left to give. */
export class ExitError extends Error {
	readonly exitCode: number;

	constructor(exitCode: number) {
		super(`exit ${exitCode}`);
		this.name = 'ExitError';
		this.exitCode = exitCode;
	}
}

/** Wrong use of a verb: exit code 2. */
export function usage(message: string, hint?: string): UserError {
	return new UserError('USAGE', message, hint === undefined ? {} : { hint });
}

/** Status as kubectl prints it; `doing` is e.g. `error when creating "pod.yaml"`. */
export function statusText(status: Status, doing = ''): string {
	const before = doing === '' ? '' : `${doing}: `;
	if (status.reason === 'Invalid' && status.details?.causes?.length) {
		const { kind = '', name = '', causes } = status.details;
		const lines = causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message}` : cause.message));
		const head = `The ${kind} "${name}" is invalid: `;
		return lines.length === 1 ? head + lines[0] : `${head}\n${lines.map((line) => `* ${line}`).join('\n')}`;
	}
	if (status.reason) {
		return `Error from server (${status.reason}): ${before}${status.message}`;
	}
	return `Error from server: ${before}${status.message}`;
}

/** Text and exit code of anything that was thrown. */
export function tell(error: unknown): Told {
	if (error instanceof ExitError) {
		return { text: '', exitCode: error.exitCode };
	}
	if (error instanceof ApiError) {
		return { text: plain(statusText(error.status)), exitCode: 1 };
	}
	if (error instanceof UserError) {
		const hint = error.hint ? `\n${error.hint.replace(/^/gm, '  ')}` : '';
		return { text: plain(`error: ${error.message}${hint}`), exitCode: error.code === 'USAGE' ? 2 : 1 };
	}
	const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
	return { text: `podrun: this is a bug, please report it:\n${stack}`, exitCode: 1 };
}
