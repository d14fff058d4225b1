/** `up` in the foreground, on a terminal that `script` makes, and without one. */
import { describe, expect, test } from 'vitest';
import { engineContainers } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { pod, sh } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';
import { openTerminal } from '../support/terminal.ts';

const CTRL_C = '\x03';
const talker = (onTerm: string) =>
	sh('main', `trap '${onTerm}' TERM; echo up; while true; do sleep 0.2; done`);

describe('up on a terminal', () => {
	const s = scenario('terminal');

	test('Ctrl-C once ends the pod gracefully, and up with it', async () => {
		s.manifest(
			'calm',
			pod('calm', { terminationGracePeriodSeconds: 30, containers: [talker('echo bye; exit 0')] }),
		);
		const up = openTerminal(s, 'up', '-f', 'calm.yaml');
		await eventually(() => /main \| up/.test(up.screen()), { what: 'the log comes' });
		up.type(CTRL_C);
		expect(await up.ended).toBe(0);
		expect(up.screen()).toMatch(/main \| bye/);
		expect(await s.pod('calm')).toBeUndefined();
		expect(await engineContainers(s.instance, 'calm')).toEqual([]);
	});

	test('twice kills it', async () => {
		const stubborn = pod('stubborn', { terminationGracePeriodSeconds: 600, containers: [talker('echo no')] });
		s.manifest('stubborn', stubborn);
		const up = openTerminal(s, 'up', '-f', 'stubborn.yaml');
		await eventually(() => /main \| up/.test(up.screen()), { what: 'the log comes' });
		up.type(CTRL_C);
		await eventually(() => /main \| no/.test(up.screen()), { what: 'SIGTERM came' });
		expect(up.screen()).toMatch(/again/);
		await eventually(() => up.screen().includes('Killing') || void up.type(CTRL_C), { what: 'it kills' });
		expect(await up.ended).not.toBe(null);
		expect(await s.pod('stubborn')).toBeUndefined();
		expect(await engineContainers(s.instance, 'stubborn')).toEqual([]);
	});
});

describe('up without a terminal', () => {
	const s = scenario('lines');

	test('a line for each change on stderr, logs on stdout, no control characters', async () => {
		const brief = pod('brief', {
			restartPolicy: 'Never',
			initContainers: [sh('prep', 'true')],
			containers: [sh('main', 'echo working')],
		});
		const ran = await s.podrun('up', '-f', s.manifest('brief', brief));
		expect(ran.code).toBe(0);
		expect(ran.out).toMatch(/^main \| working$/m);
		expect(ran.err.split('\n').length).toBeGreaterThan(2);
		expect(ran.err).toContain('brief');
		expect(`${ran.out}${ran.err}`).not.toContain('\x1b');
	});

	test('--progress json: each line of stderr is an object', async () => {
		const brief = pod('json', { restartPolicy: 'Never', containers: [sh('main', 'true')] });
		const ran = await s.podrun('up', '-d', '--progress', 'json', '-f', s.manifest('json', brief));
		expect(ran.code).toBe(0);
		const lines = `${ran.err}${ran.out}`.trim().split('\n');
		for (const line of lines) {
			expect(JSON.parse(line), line).toBeTypeOf('object');
		}
		expect(lines.length).toBeGreaterThan(0);
	});
});
