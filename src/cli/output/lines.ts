/** Bytes to whole lines, without touching the bytes: a log may hold anything, also a line that does not end. */

const NEWLINE = 0x0a;
/** Bytes of a line that are kept until its end comes; a longer one is cut here. */
const LONGEST = 1024 * 1024;

export class LineSplitter {
	#rest: Buffer[] = [];
	#kept = 0;

	/** The lines that this chunk completes, each with its newline. */
	push(chunk: Buffer): Buffer[] {
		const lines: Buffer[] = [];
		let start = 0;
		for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
			lines.push(this.#line(chunk.subarray(start, at + 1)));
			start = at + 1;
		}
		if (start < chunk.length) {
			this.#rest.push(chunk.subarray(start));
			this.#kept += chunk.length - start;
			if (this.#kept >= LONGEST) lines.push(this.#line(Buffer.from([NEWLINE])));
		}
		return lines;
	}

	/** What is left without a newline. */
	end(): Buffer {
		return this.#line(Buffer.alloc(0));
	}

	#line(last: Buffer): Buffer {
		const line = Buffer.concat([...this.#rest, last]);
		this.#rest = [];
		this.#kept = 0;
		return line;
	}
}
