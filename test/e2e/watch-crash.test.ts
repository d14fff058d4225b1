/**
 * A container that crashes while files are on their way into it, forced at that instant: the engine's request is
 * held back, before its first byte or in the middle of its body, until the container is dead.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, engineContainer, inspectContainer, killContainer } from '../support/checks.ts';
import { engineConnection } from '../support/engine-under-test.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { eventually, type Running, Scenario } from '../support/scenario.ts';

/** Dies as soon as it sees the first of many files, once. */
const DIES = `trap 'exit 0' TERM
if [ ! -e /shared/crashed ]; then
  until [ -e /srv/app/many/000 ]; do usleep 10000; done
  touch /shared/crashed
  exit 1
fi
while true; do sleep 1 & wait $!; done`;
const SLEEP = `trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done`;

const pod = (name: string, command: string) => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {
		name,
		annotations: {
			'podrun.dev/watch': JSON.stringify([{ container: 'app', path: `./${name}`, target: '/srv/app' }]),
		},
	},
	spec: {
		terminationGracePeriodSeconds: 1,
		containers: ['app', 'side'].map((container) => ({
			name: container,
			image: 'busybox:1.36',
			command: ['sh', '-c', container === 'app' ? command : SLEEP],
			volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
		})),
		volumes: [{ name: 'shared', emptyDir: {} }],
	},
});

describe('a container that crashes in the middle of a sync', () => {
	const proxy = new FaultProxy(engineConnection());
	let scenario: Scenario;
	let watch: Running;

	beforeAll(async () => {
		scenario = new Scenario('watch-crash');
		const socket = join(scenario.folder, 'engine.sock');
		await proxy.listen(socket);
		scenario.env.DOCKER_HOST = `unix://${socket}`;
	});
	afterAll(async () => {
		await scenario.end();
		await proxy.close();
	});

	async function up(name: string, command: string): Promise<void> {
		mkdirSync(join(scenario.folder, name));
		scenario.file(`${name}/start`, 'there');
		scenario.manifest('pod', pod(name, command));
		watch = scenario.start('up', '--watch', '-f', 'pod.yaml');
		await scenario.until(
			name,
			({ status }) => status?.containerStatuses?.every(({ ready }) => ready) === true,
		);
		await eventually(() => watch.err().includes('watching '));
	}

	/** 200 files in a folder of their own, more than the engine takes in one piece. */
	function write(name: string): void {
		mkdirSync(join(scenario.folder, name, 'many'));
		for (let file = 0; file < 200; file += 1) {
			scenario.file(`${name}/many/${String(file).padStart(3, '0')}`, `${file} `.repeat(4000));
		}
	}

	/** Then some more changes, and the container must have all of it in its next attempt. */
	async function expectAll(name: string): Promise<void> {
		rmSync(join(scenario.folder, name, 'many/007'));
		scenario.file(`${name}/many/150`, 'changed meanwhile');
		const wanted = sums(join(scenario.folder, name));
		const list = () =>
			scenario.ok(
				'exec',
				name,
				'-c',
				'app',
				'--',
				'sh',
				'-c',
				'cd /srv/app && find . -type f -exec md5sum {} +',
			);
		await eventually(async () => (await list()).trim().split('\n').sort().join('\n') === wanted, {
			what: 'the container has what is on disk',
		});
		expect((await engineContainer(scenario.instance, name, 'app')).attempt).toBe(1);
		await scenario.ok('delete', 'pod', name);
		watch.child.kill('SIGKILL');
	}

	test('while the engine unpacks the files', async () => {
		await up('within', DIES);
		const side = await engineContainer(scenario.instance, 'within', 'side');
		const held = proxy.hold(/^PUT .*\/archive\?/, 0.5);
		write('within');
		await held.reached;
		// The engine holds on to the container until it has unpacked: only what it shares can be asked.
		await eventually(async () => docker.getContainer(side.id).infoArchive({ path: '/shared/crashed' }));
		held.release();
		await expectAll('within');
	});

	test('when the first byte has not gone over yet', async () => {
		await up('before', SLEEP);
		const { id } = await engineContainer(scenario.instance, 'before', 'app');
		const held = proxy.hold(/^PUT .*\/archive\?/, 0);
		write('before');
		await held.reached;
		await killContainer(id);
		await eventually(async () => !(await inspectContainer(id)).State.Running);
		held.release();
		await expectAll('before');
	});
});

/** As `md5sum` lists them: sorted, with paths from the folder. */
function sums(folder: string): string {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) => {
			const path = join(parentPath, name);
			const sum = createHash('md5').update(readFileSync(path)).digest('hex');
			return `${sum}  .${path.slice(folder.length)}`;
		})
		.sort()
		.join('\n');
}
