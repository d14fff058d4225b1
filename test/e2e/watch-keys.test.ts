/** The keys of a watch, and its screen, on a terminal that `script` makes. */
import { mkdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { engineContainer, engineContainers } from '../support/checks.ts';
import { eventually, Scenario } from '../support/scenario.ts';
import { openTerminal } from '../support/terminal.ts';

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: keys
  annotations:
    podrun.dev/watch: |
      - {path: ./src, target: /srv/src, action: sync}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: busybox:1.36
    command: [sh, -c, "trap 'echo bye; exit 0' TERM; while true; do echo tick $((n += 1)); sleep 0.3; done"]
`;

describe('keys of a watch', () => {
	const scenario = new Scenario('watch-keys');
	afterAll(() => scenario.end());

	const page = () => scenario.ok('exec', 'keys', '--', 'cat', '/srv/src/page');
	const attempt = async () => (await engineContainer(scenario.instance, 'keys', 'app')).attempt;
	const ticks = (text: string) => text.split('tick').length - 1;

	test('up --watch: l hides the logs, w pauses, r restarts, q ends it and the pod', async () => {
		mkdirSync(`${scenario.folder}/src`);
		scenario.file('src/page', 'one');
		scenario.file('pod.yaml', POD);
		const up = openTerminal(scenario, 'up', '--watch', '-f', 'pod.yaml');
		await eventually(() => up.screen().includes('r restarts   w pauses'), { what: 'the keys are told' });
		await eventually(() => /app \| tick/.test(up.screen()), { what: 'the log comes' });

		scenario.file('src/page', 'two');
		await eventually(() => / ms {2}page synced to app\n/.test(up.screen()), { what: 'a line for the batch' });
		expect(await page()).toBe('two');

		up.type('l');
		await eventually(() => up.screen().includes('logs are hidden'));
		const hidden = ticks(up.screen());
		scenario.file('src/page', 'three');
		await eventually(async () => (await page()) === 'three');
		expect(ticks(up.screen())).toBe(hidden);
		up.type('l');
		await eventually(() => ticks(up.screen()) > hidden, { what: 'the log comes again' });

		up.type('w');
		await eventually(() => up.screen().includes('watch paused'));
		scenario.file('src/page', 'four');
		const before = await attempt();
		up.type('r');
		await eventually(async () => (await attempt()) === before + 1, { what: 'another attempt' });
		await eventually(() => up.screen().includes('Ready again'), { what: 'the restart is told' });
		expect(await page()).toBe('three');
		up.type('w');
		await eventually(async () => (await page()) === 'four', { what: 'nothing is lost by a pause' });

		up.type('q');
		expect(await up.ended).toBe(0);
		expect(up.screen()).toContain('pod/keys stopped and removed');
		expect(await engineContainers(scenario.instance, 'keys')).toEqual([]);
	});

	test('watch: q ends it, Ctrl-C as well, and the pod runs on', async () => {
		await scenario.ok('up', '-d', '-f', 'pod.yaml');
		for (const key of ['q', '\x03']) {
			const watch = openTerminal(scenario, 'watch', '-f', 'pod.yaml');
			await eventually(() => watch.screen().includes('r restarts   w pauses'), { what: 'the keys are told' });
			watch.type(key);
			expect(await watch.ended).toBe(0);
		}
		expect((await scenario.pod('keys'))?.status?.phase).toBe('Running');
	});
});
