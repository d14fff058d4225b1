/**
 * A program that could not be started in a container. Engines say so on the stdout of the exec, as if the program
 * had said it, and end it with 126 or 127: whoever reads the output of a command must not take it for that.
 */
import { PassThrough, type Readable } from 'node:stream';
import type { ProcessStreams } from '../api/backend.ts';

/** What runc, crun and containerd's shims begin with. */
const COMPLAINT = /^(OCI runtime exec failed|exec failed|rpc error|failed to (create|start) exec)\b/;
/** Bytes in which a complaint has to come; the engine writes it at once. */
const LONGEST = 16 * 1024;

/** The streams with the engine's complaint on stderr; `separate`: the client hears stderr at all. */
export function toldOnStderr(streams: ProcessStreams, separate: boolean): ProcessStreams {
	if (!separate) return streams;
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const failed = streams.exitCode.then(
		(code) => code === 126 || code === 127,
		() => false,
	);
	streams.stderr.pipe(stderr, { end: false });
	const errors = ended(streams.stderr);
	divert(streams.stdout, stdout, async (complaint) => {
		if (!(await failed)) return false;
		stderr.write(complaint);
		return true;
	}).finally(async () => {
		stdout.end();
		await errors;
		stderr.end();
	});
	return { ...streams, stdout, stderr };
}

/** Copies; an output that is nothing but a complaint is first offered to `take`. */
async function divert(
	from: Readable,
	to: PassThrough,
	take: (complaint: Buffer) => Promise<boolean>,
): Promise<void> {
	const held: Buffer[] = [];
	let [size, holding] = [0, true];
	try {
		for await (const chunk of from as AsyncIterable<Buffer>) {
			if (holding) {
				held.push(chunk);
				size += chunk.length;
				if (size <= LONGEST && COMPLAINT.test(Buffer.concat(held).toString('latin1'))) continue;
				holding = false;
				for (const part of held) await write(to, part);
			} else await write(to, chunk);
		}
	} catch {
		// Cut off: how the process ended tells it.
	}
	const complaint = Buffer.concat(held);
	if (holding && size > 0 && !(await take(complaint))) await write(to, complaint);
}

async function write(to: PassThrough, chunk: Buffer): Promise<void> {
	if (to.write(chunk) || to.destroyed) return;
	await new Promise<void>((resolve) => to.once('drain', resolve).once('close', resolve));
}

function ended(stream: Readable): Promise<void> {
	if (stream.readableEnded || stream.destroyed) return Promise.resolve();
	return new Promise<void>((resolve) => stream.once('end', resolve).once('close', resolve));
}
