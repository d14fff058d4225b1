/** What a fake container prints, and how it is read back: since, until, tail, follow. */
import type { LogChunk, LogOptions } from '../../../src/engine/engine.ts';
import { changed, type FakeContainer } from './container.ts';
import type { Machine } from './machine.ts';
import { fail } from './refusal.ts';

/** One entry a line, as the engine's log drivers keep them. */
export function print(
	machine: Machine,
	container: FakeContainer,
	stream: LogChunk['stream'],
	text: string,
): void {
	for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
		container.log.push({ at: machine.now, chunk: { stream, data: Buffer.from(line) } });
	}
	changed(container);
}

export async function* readLog(
	machine: Machine,
	container: FakeContainer,
	options: LogOptions,
	signal: AbortSignal | undefined,
): AsyncGenerator<LogChunk, void, void> {
	const wanted = container.log.filter(
		({ at }) => at >= (options.since ?? 0) && at <= (options.until ?? Number.POSITIVE_INFINITY),
	);
	let next = options.tail === undefined ? 0 : Math.max(0, wanted.length - options.tail);
	const shown = options.since === undefined && options.until === undefined ? container.log : wanted;
	for (;;) {
		for (; next < shown.length; next++) {
			const entry = shown[next];
			if (!entry || options[entry.chunk.stream] === false) continue;
			const stamp = options.timestamps ? `${new Date(entry.at).toISOString().replace('Z', '000000Z')} ` : '';
			yield { stream: entry.chunk.stream, data: Buffer.concat([Buffer.from(stamp), entry.chunk.data]) };
		}
		if (signal?.aborted) fail('ABORTED', undefined, 'the call was cut off');
		if (!options.follow || container.status !== 'running' || !machine.containers.has(container.id)) return;
		await change(container, signal);
	}
}

/** Resolves when the container prints, dies, or the signal fires. */
function change(container: FakeContainer, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			container.watchers.delete(done);
			signal?.removeEventListener('abort', done);
			resolve();
		};
		container.watchers.add(done);
		signal?.addEventListener('abort', done, { once: true });
		if (signal?.aborted) done();
	});
}
