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
 * The line at a position with its number, and a caret under the column:
 *
 *     7 |   contianers:
 *       |   ^
 */
export function codeFrame(text: string, position: Position): string {
	const line = lineOf(text, position.line);
	const skipped = Math.max(0, position.column - 1 - WIDTH / 2);
	const shown = line.slice(skipped, skipped + WIDTH).replaceAll('\t', ' ');
	const gutter = String(position.line);
	const pad = ' '.repeat(gutter.length);
	return `${gutter} | ${shown}\n${pad} | ${' '.repeat(Math.max(0, position.column - 1 - skipped))}^`;
}

function lineOf(text: string, wanted: number): string {
	let start = 0;
	for (let line = 1; line < wanted; line += 1) {
		const next = text.indexOf('\n', start);
		if (next < 0) return '';
		start = next + 1;
	}
	const end = text.indexOf('\n', start);
	return text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
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
