/**
 * What BuildKit tells about a build, as lines: each step once, when it begins or is found in the cache, what its
 * commands print, and its error. It comes as base64 of a StatusResponse: steps are field 1, output is field 3.
 */
import { type Field, fields } from './protobuf.ts';

const [VERTEXES, LOGS] = [1, 3];
const VERTEX = { digest: 1, name: 3, cached: 4, started: 5, error: 7 } as const;
const LOG_TEXT = 4;

export class BuildStatus {
	/** Digests of the steps that were told. */
	readonly #told = new Set<string>();

	/** The lines of one message, each with its end. Throws RangeError for what is no such message. */
	take(aux: string): string[] {
		return [...fields(Buffer.from(aux, 'base64'))].flatMap(({ number, bytes }) => {
			if (number === VERTEXES) return this.#step([...fields(bytes)]);
			if (number !== LOGS) return [];
			return [...fields(bytes)]
				.filter((field) => field.number === LOG_TEXT)
				.map((field) => field.bytes.toString());
		});
	}

	#step(step: readonly Field[]): string[] {
		const find = (number: number) => step.find((field) => field.number === number);
		const digest = find(VERTEX.digest)?.bytes.toString() ?? '';
		const name = find(VERTEX.name)?.bytes.toString() ?? '';
		const error = find(VERTEX.error)?.bytes.toString() ?? '';
		const lines: string[] = [];
		// What BuildKit does for itself is of no interest while it goes well.
		if (find(VERTEX.started) && !this.#told.has(digest) && !name.startsWith('[internal]')) {
			this.#told.add(digest);
			lines.push(`${name}${find(VERTEX.cached)?.value ? ': in the cache' : ''}\n`);
		}
		if (error !== '') lines.push(`${name}: ${error}\n`);
		return lines;
	}
}
