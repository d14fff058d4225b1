/**
 * Variables that a file of an emptyDir holds (fileKeyRef): which files a container's environment is made of, and
 * their syntax, the part of a POSIX shell's that Kubernetes takes since 1.35: `NAME='value'`. What stands
 * between the quotes is taken as it is, over several lines too; comments and blank lines may stand around.
 */
import type { AnyContainer } from '../api/types.ts';
import { ConfigError, MissingReference } from './errors.ts';

/** A file of one of the pod's volumes. */
export interface EnvFile {
	readonly volume: string;
	/** Relative to the volume. */
	readonly path: string;
}

/** The files that variables of this container come from, each once. */
export function envFilesOf({ env = [] }: AnyContainer): EnvFile[] {
	const files = new Map<string, EnvFile>();
	for (const { valueFrom } of env) {
		if (!valueFrom?.fileKeyRef) continue;
		const file = { volume: valueFrom.fileKeyRef.volumeName, path: valueFrom.fileKeyRef.path };
		files.set(envFileKey(file), file);
	}
	return [...files.values()];
}

/** Under which the text of a file is kept in `EnvContext.envFiles`. */
export const envFileKey = ({ volume, path }: EnvFile): string => `${volume}/${path}`;

/**
 * The value of one key; undefined when the file, or the key in it, is not there and `optional`. `text` is
 * undefined when there is no such file.
 * @throws MissingReference when it is not there, ConfigError when a line before it is none of the syntax.
 */
export function envFileValue(
	text: string | undefined,
	file: EnvFile,
	key: string,
	optional: boolean,
): string | undefined {
	if (text === undefined) {
		if (optional) return undefined;
		throw new MissingReference(REASON, `file "${file.path}" not found in volume "${file.volume}"`);
	}
	const value = valueIn(text, key);
	if (value === undefined && !optional) {
		throw new MissingReference(
			REASON,
			`environment variable key "${key}" not found in file "${file.path}" of volume "${file.volume}"`,
		);
	}
	return value;
}

const REASON = 'CreateContainerConfigError';

function valueIn(text: string, key: string): string | undefined {
	const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
	for (let at = 0; at < lines.length; at += 1) {
		const line = (lines[at] ?? '').replace(/^[ \t]+/, '');
		if (line === '' || line.startsWith('#')) continue;
		const first = at + 1;
		const equals = line.indexOf('=');
		if (equals === -1) throw malformed(`at line ${first}: missing '='`);
		const name = line.slice(0, equals);
		if (name.trim() === '') throw malformed(`at line ${first}: empty variable name`);
		if (/[ \t]$/.test(name)) throw malformed(`at line ${first}: whitespace before '=' is not allowed`);
		let rest = line.slice(equals + 1);
		// As in a shell, `NAME= word` sets it to nothing.
		if (/^[ \t]/.test(rest)) {
			if (name === key) return '';
			continue;
		}
		if (!rest.startsWith("'")) throw malformed(`at line ${first}: value must be enclosed in single quotes`);
		rest = rest.slice(1);
		const parts: string[] = [];
		while (!rest.includes("'")) {
			parts.push(rest);
			at += 1;
			if (at >= lines.length) throw malformed(`starting at line ${first}: unclosed single quote`);
			rest = lines[at] ?? '';
		}
		const close = rest.indexOf("'");
		if (!/^[ \t]*(#.*)?$/.test(rest.slice(close + 1)))
			throw malformed(`at line ${at + 1}: unexpected content after closing quote`);
		if (name === key) return [...parts, rest.slice(0, close)].join('\n');
	}
	return undefined;
}

function malformed(where: string): ConfigError {
	return new ConfigError(REASON, `couldn't parse env file: invalid environment variable format ${where}`);
}
