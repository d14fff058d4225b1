/** What a container may send to the terminal and to the disk of who looks at it. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { holds, pod, sh } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const seen: (readonly [string, string])[] = [];

afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

describe('hostile containers', () => {
	const s = scenario('hostile');

	test('no escape sequence of a termination message reaches the terminal', async () => {
		const script = 'printf "\\033]0;owned\\007\\033[2Jgone" > /dev/termination-log; exit 3';
		await s.apply(pod('escapes', { restartPolicy: 'Never', containers: [sh('main', script)] }));
		await s.until('escapes', (pod) => pod.status?.phase === 'Failed');
		for (const args of [
			['describe', 'pod', 'escapes'],
			['get', 'pods', '-o', 'wide'],
			['get', 'events'],
		]) {
			const told = await s.ok(...args);
			expect(told).not.toContain('\u001b');
			expect(told).not.toContain('\u0007');
		}
		expect(await s.ok('describe', 'pod', 'escapes')).toContain('^[]0;owned^G^[[2Jgone');
		seen.push([
			'terminal escapes in termination messages and events',
			'shown as `^[`, never sent to the terminal',
		]);
	});

	test('cp takes nothing out of an archive but what was asked for', async () => {
		// A `tar` of the container's own, which adds files beside what it is asked for.
		const script = [
			'mkdir -p /evil/x /evil/bin && cd /evil',
			'echo good > x/file; echo bad > beside; echo bad > .bashrc; ln -s /tmp/podrun-hostile-target x/link',
			'/bin/tar -cf /evil/archive x beside .bashrc ./beside',
			'printf "#!/bin/sh\\ncat /evil/archive\\n" > /evil/bin/tar; chmod +x /evil/bin/tar',
			'rm /bin/tar; cp /evil/bin/tar /bin/tar',
			'trap "exit 0" TERM; sleep 3600 & wait',
		].join('; ');
		await s.apply(pod('evil', { containers: [sh('main', script)] }));
		await s.until('evil', (pod) => holds(pod, 'Ready'));
		const home = join(s.folder, 'home');
		mkdirSync(home);
		await s.ok('cp', 'evil:/data/x', join(home, 'x'));
		expect(readFileSync(join(home, 'x', 'file'), 'utf8')).toBe('good\n');
		for (const name of ['beside', '.bashrc']) expect(existsSync(join(home, name))).toBe(false);
		seen.push([
			'a hostile archive in `cp`',
			'only what was asked for is unpacked, not what the container put beside it',
		]);
	});
});

describe('hostile manifests', () => {
	const s = scenario('hostile-yaml');

	test.each([
		[
			'an alias bomb',
			`a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
				{ length: 9 },
				(_, i) =>
					`${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${Array(9)
						.fill(`*${String.fromCharCode(97 + i)}`)
						.join(',')}]`,
			).join('\n')}\n`,
		],
		['nesting without end', `${'['.repeat(200_000)}\n`],
		[
			'control characters',
			'apiVersion: v1\nkind: Pod\nmetadata: {name: "a\\e[2J"}\nspec: {containers: [{name: "b\\x07", image: busybox}]}\n',
		],
		[
			'__proto__',
			'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n__proto__: {polluted: true}\nspec: {containers: [{name: b, image: busybox, __proto__: {command: [sh]}}]}\n',
		],
		[
			'a path that leads out of a ConfigMap',
			'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {"../../etc/passwd": x}\n',
		],
		[
			'a subPath that leads out of its volume',
			'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{name: v, emptyDir: {}}], containers: [{name: b, image: busybox, volumeMounts: [{name: v, mountPath: /v, subPath: ../../etc}]}]}\n',
		],
		[
			'an item whose path leads out of its volume',
			'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{name: v, configMap: {name: c, items: [{key: k, path: ../../etc/passwd}]}}], containers: [{name: b, image: busybox, volumeMounts: [{name: v, mountPath: /v}]}]}\n',
		],
		[
			'100 MB',
			`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: ${'x'.repeat(100 * 1024 * 1024)}\n`,
		],
	])('%s is refused at once, in words', async (name, text) => {
		const ran = await s.podrun('apply', '-f', s.file('hostile.yaml', text));
		expect(ran.code).not.toBe(0);
		expect(ran.milliseconds).toBeLessThan(20_000);
		expect(ran.err).not.toMatch(/\n +at .*[jt]s:\d+/);
		expect(ran.err).not.toContain('\u001b');
		expect(ran.err.length).toBeLessThan(4_000);
		const told = (ran.err.trim().split('\n')[0] ?? '').replace(`${s.folder}/`, '');
		seen.push([`manifest with ${name}`, `\`${told.length > 100 ? `${told.slice(0, 99)}…` : told}\``]);
	});

	test('nothing was left of them', async () => {
		const { out, err } = await s.podrun('get', 'pods');
		expect(out + err).not.toContain('Running');
	});
});
