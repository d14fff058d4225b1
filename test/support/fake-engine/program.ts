/** What runs in a container of the fake engine: a script of its end, its output and its answers to execs. */
import type { LogChunk } from '../../../src/engine/engine.ts';

/** What a container's process does. Default: it runs on, and ends at once on a signal. */
export interface Program {
	/** Ends by itself so long after its start. */
	readonly exitAfterMs?: number;
	readonly exitCode?: number;
	/** Killed by the kernel at its end, code 137. */
	readonly oom?: boolean;
	/** Takes no notice of any signal but KILL. */
	readonly ignoreSignals?: boolean;
	/** How long it takes to end on a signal that it obeys, and with which code (default 128 + signal). */
	readonly stopAfterMs?: number;
	readonly stopCode?: number;
	/** The runtime refuses to start it, in these words. */
	readonly startError?: string;
	/** Printed at the start. */
	readonly output?: readonly { readonly stream: LogChunk['stream']; readonly text: string }[];
	/** Written at the start, by absolute path. */
	readonly files?: Readonly<Record<string, string>>;
	/** Answers an exec once its stdin has ended. */
	readonly exec?: (command: readonly string[], stdin: string) => ExecResult;
}

export interface ExecResult {
	readonly exitCode: number;
	readonly stdout?: string;
	readonly stderr?: string;
}

/** The few programs that every container has. */
export function defaultExec(command: readonly string[]): ExecResult {
	const [program, ...args] = command;
	switch (program) {
		case 'echo':
			return { exitCode: 0, stdout: `${args.join(' ')}\n` };
		case 'false':
			return { exitCode: 1 };
		default:
			return { exitCode: 0 };
	}
}
