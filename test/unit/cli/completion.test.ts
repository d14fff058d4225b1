/** The script for bash must hand over what stands before the cursor, and give back what bash can put in its place. */
import { execFileSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from '../../../src/cli/run.ts';

async function script(shell: string): Promise<string> {
	const stdout = new PassThrough();
	const io = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {}, cwd: '/' };
	expect(await runCli(['completion', shell], { ...io, onSignal: () => () => {} })).toBe(0);
	return String(stdout.read());
}

test.each([
	['podrun lo', ['logs'], ['--', 'lo'], ['logs']],
	['podrun logs ', ['web', 'db'], ['--', 'logs', ''], ['web', 'db']],
	['podrun get --output=j', ['--output=json'], ['--', 'get', '--output=j'], ['json']],
	['podrun cp web:/e', [], ['--', 'cp', 'web:/e'], []],
])('%s', async (line, answers, asked, replies) => {
	const fake = [
		`podrun() { shift; printf '%s,' "$@" >&3; ${answers.map((one) => `echo ${one}`).join('; ') || ':'}; }`,
		'compopt() { :; }',
		await script('bash'),
		`COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}; _podrun 3>&1; printf '\\n%s' "\${COMPREPLY[*]}"`,
	].join('\n');
	const out = execFileSync('bash', ['-c', fake], { encoding: 'utf8' });
	expect(out).toBe(`${asked.join(',')},\n${replies.join(' ')}`);
});

test('every shell has one', async () => {
	for (const shell of ['bash', 'zsh', 'fish']) expect(await script(shell)).toContain('podrun __complete -- ');
});
