/** The verbs that need the API's finer parts, through the built CLI: debug, label, edit, top, port-forward… */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { engineContainer, killContainer, pageAt } from '../support/checks.ts';
import { eventually, Scenario } from '../support/scenario.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: fine, labels: {app: fine}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: nginx:1.22, ports: [{name: http, containerPort: 80}]}
  - name: side
    image: busybox:1.36
    command: [sh, -c, "while true; do sleep 1; done"]
`;

/** Its entrypoint becomes nginx in a moment; the shell that looks must not see itself. */
const UNTIL_NGINX = "until ps | grep '[n]ginx: master'; do sleep 0.1; done";

describe('verbs on a running pod', () => {
	const scenario = new Scenario('fine', { KUBE_EDITOR: 'sed -i s/app:.fine/app:\\ edited/' });

	beforeAll(async () => {
		scenario.file('pod.yaml', POD);
		scenario.env.TMPDIR = scenario.folder;
		await scenario.ok('up', '-d');
	});
	afterAll(() => scenario.end());

	test('label and annotate: set, refused, overwritten, removed', async () => {
		expect(await scenario.ok('label', 'pod', 'fine', 'tier=web')).toBe('pod/fine labeled\n');
		const refused = await scenario.podrun('label', 'pod', 'fine', 'tier=db');
		expect(refused.code).not.toBe(0);
		expect(refused.err).toContain("'tier' already has a value (web), and --overwrite is false");
		await scenario.ok('label', '--overwrite', 'pod/fine', 'tier=db');
		expect(await scenario.ok('label', 'pod', 'fine', '--list')).toBe('app=fine\ntier=db\n');
		expect(await scenario.ok('label', 'pod', 'fine', 'tier-')).toBe('pod/fine unlabeled\n');
		await scenario.ok('annotate', 'pods', '--all', 'note=two words');
		const pod = await scenario.pod('fine');
		expect(pod?.metadata.labels).toEqual({ app: 'fine' });
		expect(pod?.metadata.annotations?.note).toBe('two words');
	});

	test('edit writes back; what the server refuses is kept in a file', async () => {
		expect(await scenario.ok('edit', 'pod', 'fine')).toBe('pod/fine edited\n');
		expect((await scenario.pod('fine'))?.metadata.labels).toEqual({ app: 'edited' });
		const again = await scenario.podrun('edit', 'pod', 'fine');
		expect(again).toMatchObject({ code: 0, out: '', err: 'Edit cancelled, no changes made.\n' });
		scenario.env.KUBE_EDITOR = 'sed -i s/restartPolicy:/restartPolitics:/';
		const refused = await scenario.podrun('edit', 'pod', 'fine');
		expect(refused.code).toBe(1);
		expect(refused.err).toContain('unknown field "spec.restartPolitics"');
		const kept = /stored to "(.*)"/.exec(refused.err)?.[1] ?? '';
		expect(readFileSync(kept, 'utf8')).toContain('restartPolitics:');
		scenario.env.KUBE_EDITOR = 'true';
		await scenario.ok('edit', 'pod', 'fine');
		// Only the refused one leaves its folder behind.
		const folders = readdirSync(scenario.folder).filter((name) => name.startsWith('podrun-edit-'));
		expect(folders).toHaveLength(1);
	});

	test('top tells each container', async () => {
		const lines = (await scenario.ok('top', 'pod', '--containers')).trimEnd().split('\n');
		expect(lines[0]).toMatch(/^POD +NAME +CPU\(cores\) +MEMORY\(bytes\)$/);
		expect(lines.slice(1).map((line) => line.replace(/\d+/g, '#').replace(/ +/g, ' '))).toEqual([
			'fine web #m #Mi',
			'fine side #m #Mi',
		]);
	});

	test('debug sees the processes of its target, and its name can not be taken twice', async () => {
		const look = ['debug', 'fine', '-c', 'look', '--image=busybox:1.36', '--target=web'];
		await scenario.ok(...look, '--', 'sh', '-c', UNTIL_NGINX);
		await eventually(
			async () => (await scenario.ok('logs', 'fine', '-c', 'look')).includes('nginx: master'),
			{
				what: 'the ephemeral container sees nginx',
			},
		);
		const twice = await scenario.podrun('debug', 'fine', '-c', 'look', '--image=busybox:1.36');
		expect(twice.err).toContain('container look exists already in pod fine');
	});

	test('debug --copy-to looks into a copy and leaves the pod alone', async () => {
		const uid = (await scenario.pod('fine'))?.metadata.uid;
		const copy = ['debug', 'fine', '--copy-to=copied', '-c', 'look', '--image=busybox:1.36'];
		await scenario.ok(...copy, '--', 'sh', '-c', `${UNTIL_NGINX}; sleep 1000`);
		await eventually(
			async () => (await scenario.podrun('logs', 'copied', '-c', 'look')).out.includes('nginx: master'),
			{ what: 'the new container of the copy sees nginx there' },
		);
		expect((await scenario.pod('copied'))?.spec.containers.map(({ name }) => name)).toContain('look');
		expect((await scenario.pod('fine'))?.metadata.uid).toBe(uid);
		await scenario.ok('delete', 'pod', 'copied', '--now');
	});

	test('port-forward: several ports, a random local one, and a restart in between', async () => {
		const forward = scenario.start('port-forward', 'pod/fine', ':80', ':http');
		const ports = await eventually(
			() => {
				const found = [...forward.out().matchAll(/^Forwarding from 127\.0\.0\.1:(\d+) -> 80$/gm)];
				return found.length === 2 ? found.map(([, port]) => port as string) : undefined;
			},
			{ what: 'two ports are forwarded' },
		);
		for (const port of ports) expect(await pageAt(port)).toContain('Welcome to nginx!');
		await killContainer((await engineContainer(scenario.instance, 'fine', 'web')).id);
		await eventually(async () => (await pageAt(ports[0] as string)).includes('Welcome to nginx!'), {
			what: 'the new container answers through the same port',
		});
		forward.child.kill('SIGINT');
		expect((await forward.ended).code).toBe(0);
	});

	test('completion knows what runs', async () => {
		const words = async (...typed: string[]) => (await scenario.ok('__complete', '--', ...typed)).split('\n');
		expect(await words('get', 'pod', 'f')).toEqual(['fine', '']);
		expect(await words('logs', 'fine', '-c', '')).toEqual(expect.arrayContaining(['web', 'side', 'look']));
		expect(await words('port-forward', 'fine', '')).toEqual(['80', '']);
		expect(await words('describe', 'pod/')).toEqual(['pod/fine', '']);
		expect(await words('logs', 'pod/f')).toEqual(['pod/fine', '']);
		expect(await words('get', '--output=j')).toEqual(['--output=json', '--output=jsonpath=', '']);
		expect(await words('wait', 'pod/fine', '--for=d')).toEqual(['--for=delete', '']);
		for (const shell of ['bash', 'zsh', 'fish']) {
			expect(await scenario.ok('completion', shell)).toContain('podrun __complete');
		}
	});

	test('config tells values and where they come from', async () => {
		const settings = JSON.parse(await scenario.ok('config', '-o', 'json', '--max-restart-backoff', '20s'));
		expect(settings).toEqual(
			expect.arrayContaining([
				{ name: 'instance', value: scenario.instance, source: 'PODRUN_INSTANCE' },
				{ name: 'max-restart-backoff', value: '20s', source: 'flag' },
				{ name: 'profile', value: 'local', source: 'default' },
			]),
		);
	});

	test('explain tells fields, types and support without an engine', async () => {
		const meant = scenario.env.DOCKER_HOST;
		scenario.env.DOCKER_HOST = 'unix:///nowhere';
		expect(await scenario.ok('explain', 'pod.spec.containers.ports')).toMatch(
			/^ {2}containerPort <integer>\n {4}\w/m,
		);
		expect(await scenario.ok('explain', 'pod', '--support')).toMatch(/^ignored +spec\.affinity$/m);
		expect((await scenario.podrun('explain', 'pod.spec.nope')).err).toContain('field "nope" does not exist');
		if (meant === undefined) delete scenario.env.DOCKER_HOST;
		else scenario.env.DOCKER_HOST = meant;
	});

	test('api prints a kubeconfig, and joins one that is there', async () => {
		const printed = scenario.start('api', '--port', '0');
		await eventually(() => printed.err().includes('Serving the Kubernetes API'), {
			what: 'the API is served',
		});
		const config = parse(printed.out());
		expect(config).toMatchObject({
			kind: 'Config',
			'current-context': 'podrun',
			users: [{ name: 'podrun' }],
		});
		expect(config.clusters[0].cluster.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
		printed.child.kill('SIGINT');
		expect((await printed.ended).code).toBe(0);

		const mine = { name: 'mine', context: { cluster: 'mine', user: 'mine' } };
		const file = scenario.file(
			'mine',
			JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'mine', contexts: [mine] }),
		);
		const joined = scenario.start('api', '--port', '0', '--kubeconfig', file);
		await eventually(() => joined.err().includes('Serving the Kubernetes API'), {
			what: 'the API is served',
		});
		expect(parse(readFileSync(file, 'utf8'))).toMatchObject({
			'current-context': 'mine',
			contexts: [mine, { name: 'podrun' }],
		});
		joined.child.kill('SIGINT');
		await joined.ended;
		const wrong = await scenario.podrun('api', '--kubeconfig', join(scenario.folder, 'pod.yaml'));
		expect(wrong.err).toContain('is no kubeconfig: it is left as it is');
	});
});
