/** Bytes to whole lines, without touching the bytes: a log may hold anything. */

const NEWLINE = 0x0a;

export class LineSplitter {
	#rest: Buffer[] = [];

	/** The lines that this chunk completes, each with its newline. */
	push(chunk: Buffer): Buffer[] {
		const lines: Buffer[] = [];
		let start = 0;
		for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
			lines.push(Buffer.concat([...this.#rest, chunk.subarray(start, at + 1)]));
			this.#rest = [];
			start = at + 1;
		}
		if (start < chunk.length) {
			this.#rest.push(chunk.subarray(start));
		}
		return lines;
	}

	/** What is left without a newline. */
	end(): Buffer {
		const rest = Buffer.concat(this.#rest);
		this.#rest = [];
		return rest;
	}
}
