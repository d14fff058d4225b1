/**
 * What is told about a manifest: what is wrong, in which file, at which line and column, and the line itself
 * with a caret under the place.
 */

/** 1-based, as editors count. */
export interface Position {
	readonly line: number;
	readonly column: number;
}

export interface Diagnostic {
	severity: 'error' | 'warning';
	/** The file, URL or `<stdin>` that it came from. */
	source: string;
	line: number;
	column: number;
	/** Field path, such as `spec.containers[0].image`; empty when it is about the whole document. */
	path: string;
	/** A short stable word for programs: UnknownField, FieldValueInvalid, BadYAML… */
	code: string;
	/** In Kubernetes' words where it has words for it. */
	message: string;
	/** What to do next. */
	hint?: string;
	/** The line in question, with its number and a caret. */
	frame?: string;
}

const WIDTH = 160;

/**
 * A line with its number, and a caret under the column:
 *
 *     7 |   contianers:
 *       |   ^
 */
export function codeFrame(lineText: string, position: Position): string {
	const skipped = Math.max(0, position.column - 1 - WIDTH / 2);
	const shown = lineText
		.replace(/\r$/, '')
		.slice(skipped, skipped + WIDTH)
		.replaceAll('\t', ' ');
	const gutter = String(position.line);
	const pad = ' '.repeat(gutter.length);
	return `${gutter} | ${shown}\n${pad} | ${' '.repeat(Math.max(0, position.column - 1 - skipped))}^`;
}

/**
 * A diagnostic as a screen shows it:
 *
 *     pod.yaml:7:3: error: unknown field "spec.contianers" (did you mean "containers"?)
 *     7 |   contianers:
 *       |   ^
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
	const { source, line, column, severity, path, code, message, hint, frame } = diagnostic;
	const told = path !== '' && !message.includes(path) ? `${path}: ${message}` : message;
	// What could not even be read has no lines.
	const place = code === 'CannotRead' ? '' : `${source}:${line}:${column}: `;
	const head = `${place}${severity}: ${told}${hint ? ` (${hint})` : ''}`;
	return frame ? `${head}\n${frame}` : head;
}
