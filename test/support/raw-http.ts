/** Requests as no client of ours would send them, on a unix socket, and what a process takes of the system. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Status } from '../../src/api/errors.ts';

export interface Asked {
	readonly method?: string;
	readonly path: string;
	readonly headers?: OutgoingHttpHeaders;
	/** A function writes the body itself, and may never come to its end. */
	readonly body?: string | Buffer | ((write: (chunk: Buffer) => Promise<boolean>) => Promise<void>);
}

export interface Answered {
	readonly code: number;
	readonly headers: NodeJS.Dict<string | string[]>;
	readonly text: string;
	/** The body, where it is JSON. */
	readonly body: Partial<Status> & Record<string, unknown>;
}

/** One request on a connection of its own, and its whole answer. */
export function ask(socketPath: string, asked: Asked): Promise<Answered> {
	const { promise, resolve, reject } = Promise.withResolvers<Answered>();
	const { method = 'GET', path, headers = {}, body } = asked;
	const sent = request({ socketPath, method, path, headers, agent: false }, (answer) => {
		text(answer).then((told) => {
			const { statusCode = 0 } = answer;
			resolve({ code: statusCode, headers: answer.headers, text: told, body: parsed(told) });
		}, reject);
	});
	sent.setTimeout(60_000, () => sent.destroy(new Error(`no answer to ${method} ${path} within 60 s`)));
	sent.on('error', reject);
	if (typeof body === 'function') {
		const write = (chunk: Buffer) =>
			new Promise<boolean>((done) => {
				if (sent.destroyed || sent.writableEnded) done(false);
				else sent.write(chunk, (error) => done(!error));
			});
		body(write).then(() => sent.end(), reject);
	} else {
		// Node tells no length of a DELETE's body by itself.
		if (body !== undefined && headers['content-length'] === undefined)
			sent.setHeader('content-length', Buffer.byteLength(body));
		sent.end(body);
	}
	return promise;
}

function parsed(told: string): Answered['body'] {
	try {
		return JSON.parse(told) as Answered['body'];
	} catch {
		return {};
	}
}

/** A connection on which bytes are written as they are. `answer` is all that comes until the other side closes. */
export function dial(socketPath: string, bytes = ''): { socket: Socket; answer: Promise<string> } {
	const socket = connect(socketPath);
	socket.on('error', () => {});
	if (bytes !== '') socket.write(bytes);
	const answer = new Promise<string>((resolve) => {
		let told = '';
		socket.setEncoding('utf8').on('data', (chunk: string) => {
			told += chunk;
		});
		socket.once('close', () => resolve(told));
	});
	return { socket, answer };
}

/** Bytes of memory that a process holds now. */
export function memoryOf(pid: number): number {
	const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
	return Number(found?.[1]) * 1024;
}

/** Begins to measure anew what `peakOf` tells. */
export function forgetPeak(pid: number): void {
	writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most that it has held since `forgetPeak`, or ever. */
export function peakOf(pid: number): number {
	const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
	return Number(found?.[1]) * 1024;
}

/** Open files of a process. */
export function filesOf(pid: number): number {
	return readdirSync(`/proc/${pid}/fd`).length;
}
