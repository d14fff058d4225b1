/** podrun on a pseudo-terminal that `script` makes: what it shows, a way to type, and its exit code. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { Scenario } from './scenario.ts';

export interface Terminal {
	/** All that it has shown, with bare newlines. */
	screen(): string;
	type(text: string): void;
	/** The exit code. */
	readonly ended: Promise<number | null>;
}

/** Starts podrun in the scenario's folder; killed at the end of the test if it still runs. */
export function openTerminal(scenario: Scenario, ...args: string[]): Terminal {
	// `script` takes the shell of the environment. One that stays beside podrun would get the Ctrl-C too and
	// end with 130, whatever podrun does.
	const command = `exec ${[...Scenario.command, ...args].map((word) => `'${word}'`).join(' ')}`;
	const child = spawn('script', ['-qefc', command, '/dev/null'], {
		cwd: scenario.folder,
		env: { ...scenario.env, TERM: 'xterm' },
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	let screen = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		screen += text;
	});
	return {
		screen: () => screen.replaceAll('\r', ''),
		type: (text) => child.stdin.write(text),
		ended: new Promise((resolve) => child.on('close', resolve)),
	};
}
