/**
 * What the contract suite needs of an engine beside `Engine` itself, for the fake one and for Docker: containers
 * whose process is given both as a shell script and as a program, waiting that moves the fake's clock, and a
 * check at the end that nothing was left behind.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openEngine } from '../../src/engine/docker.ts';
import {
	type CreateOptions,
	type Engine,
	EngineError,
	type EngineErrorCode,
	type LogChunk,
	type LogOptions,
} from '../../src/engine/engine.ts';
import { engineUnderTest } from './engine-under-test.ts';
import { FakeEngine, type Program } from './fake-engine.ts';

export const BUSYBOX = 'busybox:1.36';
const LABEL = 'podrun-test.run';

export interface Process {
	/** For `sh -c` on the real engine. */
	readonly script: string;
	/** The same for the fake. */
	readonly program?: Program;
}

export const SLEEP: Process = { script: 'exec sleep 600', program: { ignoreSignals: true } };

export interface Subject {
	readonly engine: Engine;
	/** Selects what this run made. */
	readonly label: string;
	/** A name that nobody else has. */
	name(suffix: string): string;
	/** A container, created and not started; labelled, removed at the end whatever happens. */
	container(suffix: string, process: Process, options?: Partial<CreateOptions>): Promise<string>;
	started(suffix: string, process: Process, options?: Partial<CreateOptions>): Promise<string>;
	volume(suffix: string): Promise<string>;
	/** A network on a free subnet; `address(9)` is the ninth address of it. */
	network(suffix: string): Promise<{ name: string; subnet: string; address(n: number): string }>;
	/** Waits until the probe gives something, with a limit. */
	eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T>;
	exited(id: string): Promise<void>;
	/** Takes all away, and throws when something of this run is still there. */
	dispose(): Promise<void>;
}

/** A fake of its own for each run. */
export async function fakeSubject(): Promise<Subject> {
	const programs = new Map<string, Program>();
	const engine = new FakeEngine({ program: (options) => programs.get(options.name) });
	return subject(engine, programs, async () => engine.advance(100));
}

/**
 * The engine under test.
 * @throws when there is none, or it lacks the image: these tests are never skipped.
 */
export async function dockerSubject(): Promise<Subject> {
	const engine = await openEngine(engineUnderTest);
	if ((await engine.inspectImage(BUSYBOX)) === undefined) {
		throw new Error(`the engine at ${engine.address} lacks ${BUSYBOX}: make it with scripts/images`);
	}
	return subject(engine, new Map(), () => delay(25));
}

function subject(engine: Engine, programs: Map<string, Program>, pass: () => Promise<unknown>): Subject {
	const run = `podrun-test-${randomBytes(4).toString('hex')}`;
	const labels = { [LABEL]: run };
	const label = `${LABEL}=${run}`;
	const name = (suffix: string): string => `${run}-${suffix}`;

	const eventually: Subject['eventually'] = async (what, probe) => {
		const limit = performance.now() + 15_000;
		for (;;) {
			const found = await probe();
			if (found !== undefined) return found;
			if (performance.now() > limit) throw new Error(`it did not happen within 15 s: ${what}`);
			await pass();
		}
	};
	const container: Subject['container'] = async (suffix, process, options = {}) => {
		if (process.program) programs.set(name(suffix), process.program);
		const { id } = await engine.createContainer({
			name: name(suffix),
			image: BUSYBOX,
			cmd: ['sh', '-c', process.script],
			networkMode: 'none',
			...options,
			labels: { ...labels, ...options.labels },
		});
		return id;
	};
	return {
		engine,
		label,
		name,
		container,
		eventually,
		async started(suffix, process, options) {
			const id = await container(suffix, process, options);
			await engine.startContainer(id);
			return id;
		},
		async volume(suffix) {
			return (await engine.createVolume({ name: name(suffix), labels })).name;
		},
		async network(suffix) {
			for (;;) {
				// Others on this engine have networks too: another draw when it is taken.
				const prefix = `10.199.${randomBytes(1).readUInt8()}`;
				const subnet = `${prefix}.0/24`;
				try {
					await engine.createNetwork({ name: name(suffix), subnet, labels });
					return { name: name(suffix), subnet, address: (n) => `${prefix}.${n}` };
				} catch (error) {
					if (!(error instanceof EngineError && error.code === 'NETWORK_OVERLAP')) throw error;
				}
			}
		},
		async exited(id) {
			await eventually(`${id} exits`, async () =>
				(await engine.inspectContainer(id)).status === 'exited' ? true : undefined,
			);
		},
		async dispose() {
			for (const { id } of await engine.listContainers([label])) {
				await engine.removeContainer(id, { force: true });
			}
			for (const { name: known } of await engine.listVolumes([label])) await engine.removeVolume(known);
			for (const { name: known } of await engine.listNetworks([label])) await engine.removeNetwork(known);
			const left = [
				...(await engine.listContainers([label])).map(({ id }) => `container ${id}`),
				...(await engine.listVolumes([label])).map((known) => `volume ${known.name}`),
				...(await engine.listNetworks([label])).map((known) => `network ${known.name}`),
			];
			engine.close();
			if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
		},
	};
}

/**
 * A part of the contract, on the fake and on Docker: what the floors above rely on holds for both, so that a test
 * with the fake says something about the real one. `s` has its members once the tests run.
 */
export function eachEngine(part: string, tests: (s: Subject) => void): void {
	describe.each([
		['the fake engine', fakeSubject],
		['Docker', dockerSubject],
	])(`%s: ${part}`, (_, open) => {
		const s = {} as Subject;
		beforeAll(async () => {
			Object.assign(s, await open());
		});
		afterAll(() => s.dispose?.());
		tests(s);
	});
}

/** Matches an EngineError by its code. */
export function code(wanted: EngineErrorCode): object {
	return expect.objectContaining({ code: wanted });
}

export async function logsOf(s: Subject, id: string, options: LogOptions = {}): Promise<LogChunk[]> {
	const chunks: LogChunk[] = [];
	for await (const chunk of s.engine.logs(id, options)) chunks.push(chunk);
	return chunks;
}

/** What of it was said on one stream. */
export function said(chunks: readonly LogChunk[], stream: LogChunk['stream']): string {
	return chunks.flatMap((c) => (c.stream === stream ? [c.data.toString('utf8')] : [])).join('');
}

/** All that two streams say until they end, as text. */
export async function collect(streams: {
	stdout: AsyncIterable<Buffer>;
	stderr: AsyncIterable<Buffer>;
}): Promise<{ stdout: string; stderr: string }> {
	const read = async (stream: AsyncIterable<Buffer>): Promise<string> => {
		const parts: Buffer[] = [];
		for await (const part of stream) parts.push(part);
		return Buffer.concat(parts).toString('utf8');
	};
	const [stdout, stderr] = await Promise.all([read(streams.stdout), read(streams.stderr)]);
	return { stdout, stderr };
}
