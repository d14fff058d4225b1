/**
 * kubectl against `podrun api`, verb by verb. On a machine without kubectl the official JavaScript client
 * checks the same API, and the run says so.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageAt } from '../support/checks.ts';
import { clientNodeChecks } from '../support/client-node-checks.ts';
import { eventually, Scenario } from '../support/scenario.ts';
import { findKubectl, type Kubectl, kubectlOf, type ServedApi, serveApi } from '../support/served-api.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: nginx, image: nginx:1.22, ports: [{name: http, containerPort: 80}]}
  - name: side
    image: busybox:1.36
    command: [sh, -c, "i=0; while true; do echo tick $i; i=$((i+1)); sleep 1; done"]
    env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: login, key: password}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2-hunter2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  colour: blue
  text: "a long text with a colon: it is quoted, and folded where kubectl folds it, at the first space beyond 80"
  script: "set -e\\nfor i in 1 2 3; do\\n  echo $i of a script that is wider than eighty columns, as scripts often are\\ndone\\n"
`;

const SERVER_SIDE = `apiVersion: v1
kind: ConfigMap
metadata: {name: managed}
data: {colour: green}
`;

/** Ages go on between two commands. */
function withoutAges(text: string): string {
	return text.replace(/\b(\d+[smhd])+\b/g, '#').replace(/ +/g, ' ');
}

const path = findKubectl();

if (path === undefined) {
	process.stderr.write(
		'\n*** kubectl is neither in PATH nor in $PEERS_ROOT/bin: its suite can not run here.\n' +
			'*** The API is checked through @kubernetes/client-node instead.\n\n',
	);
	describe('in place of kubectl, which is not there', () => clientNodeChecks('no-kubectl'));
} else {
	describe('kubectl', () => kubectlVerbs(path));
}

function kubectlVerbs(binary: string): void {
	const scenario = new Scenario('kubectl');
	let api: ServedApi;
	let kubectl: Kubectl;

	beforeAll(async () => {
		api = await serveApi(scenario);
		kubectl = kubectlOf(binary, scenario, api);
		scenario.file('pod.yaml', POD);
		scenario.file('managed.yaml', SERVER_SIDE);
		await kubectl.ok('apply', '-f', 'pod.yaml');
		await kubectl.ok('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s');
	});
	afterAll(() => scenario.end());

	test('the kubeconfig is for this user only', () => {
		expect(statSync(api.kubeconfig).mode & 0o777).toBe(0o600);
	});

	test('apply, diff, create and replace', async () => {
		expect(await kubectl.ok('apply', '-f', 'pod.yaml')).toBe(
			'pod/web unchanged\nsecret/login configured\nconfigmap/settings unchanged\n',
		);
		scenario.file('changed.yaml', POD.replace('colour: blue', 'colour: red'));
		const diff = await kubectl.run('diff', '-f', 'changed.yaml');
		expect(diff.code).toBe(1);
		expect(diff.out).toContain('-  colour: blue\n+  colour: red\n');
		expect(await kubectl.ok('create', 'configmap', 'made', '--from-literal=a=1')).toBe(
			'configmap/made created\n',
		);
		const wrong = scenario.file('wrong.yaml', SERVER_SIDE.replace('\ndata:', '\ndota:'));
		const refused = await kubectl.run('apply', '-f', wrong);
		expect(refused.code).toBe(1);
		expect(refused.err).toContain('unknown field "dota"');
	});

	test('apply --server-side tells conflicts between managers', async () => {
		expect(await kubectl.ok('apply', '--server-side', '-f', 'managed.yaml')).toBe(
			'configmap/managed serverside-applied\n',
		);
		scenario.file('other.yaml', SERVER_SIDE.replace('green', 'grey'));
		const other = ['apply', '--server-side', '--field-manager=other', '-f', 'other.yaml'];
		const refused = await kubectl.run(...other);
		expect(refused.code).toBe(1);
		expect(refused.err).toContain('conflict with "kubectl": .data.colour');
		await kubectl.ok(...other, '--force-conflicts');
		expect(await kubectl.ok('get', 'cm', 'managed', '-o', 'jsonpath={.data.colour}')).toBe('grey');
	});

	test.each([
		'get pods',
		'get pods -o wide',
		'get pods -A',
		'get pods --show-labels',
		'get pods -L app',
		'get cm,secret',
		'get pod web -o name',
		'get pod web -o yaml',
		'get cm settings -o yaml',
		'get pods -o json',
		'get pods -o jsonpath={.items[*].metadata.name}',
		'get pods -o custom-columns=NAME:.metadata.name,PHASE:.status.phase',
		'get nodes -o wide',
		'get ns',
		'top pod --containers --no-headers',
		'top node --no-headers',
	])('podrun and kubectl print the same: %s', async (command) => {
		const args = command.split(' ');
		// What is measured changes, and kubectl pads the last column of top.
		const numbers = (text: string) =>
			args[0] === 'top' ? text.replace(/\d+(m|Mi)\b/g, '#').replace(/ +$/gm, '') : text;
		const [ours, theirs] = [await scenario.ok(...args), await kubectl.ok(...args)];
		expect(numbers(withoutAges(ours))).toBe(numbers(withoutAges(theirs)));
	});

	test('get -w follows', async () => {
		const watch = kubectl.start(['get', 'cm', 'made', '-w']);
		await eventually(() => watch.out().includes('made'), { what: 'the watch begins' });
		await kubectl.ok('patch', 'cm', 'made', '-p', '{"data":{"b":"2"}}');
		await eventually(() => /^made +2 +/m.test(watch.out()), { what: 'the change is told' });
		watch.child.kill();
		await watch.ended;
	});

	test('describe and events; no secret is shown', async () => {
		const text = await kubectl.ok('describe', 'pod', 'web');
		expect(text).toMatch(/^Status: +Running$/m);
		expect(text).toContain("<set to the key 'password' in secret 'login'>");
		expect(await kubectl.ok('events', '--for', 'pod/web')).toMatch(
			/Normal +Started +Pod\/web +Started container/,
		);
		const told = [
			text,
			await kubectl.ok('describe', 'secret', 'login'),
			await scenario.ok('describe', 'pod', 'web'),
			await scenario.ok('describe', 'secret', 'login'),
			await scenario.ok('supervisor', 'logs'),
		];
		for (const one of told) {
			expect(one).not.toContain('hunter2-hunter2');
			expect(one).not.toContain(Buffer.from('hunter2-hunter2').toString('base64'));
		}
	});

	test('logs, also followed', async () => {
		expect(await kubectl.ok('logs', 'web', '-c', 'side', '--limit-bytes=7')).toBe('tick 0\n');
		const logs = kubectl.start(['logs', '-f', 'web', '-c', 'side', '--tail=1']);
		await eventually(() => logs.out().split('\n').length > 3, { what: 'the log goes on' });
		logs.child.kill();
		await logs.ended;
	});

	test('exec and attach', async () => {
		const ran = await kubectl.start(['exec', '-i', 'web', '-c', 'side', '--', 'sh', '-c', 'cat; exit 4'], {
			input: 'over here\n',
		}).ended;
		expect(ran).toMatchObject({ code: 4, out: 'over here\n' });
		expect(ran.err).toContain('command terminated with exit code 4');
		const attached = kubectl.start(['attach', 'web', '-c', 'side']);
		await eventually(() => attached.out().includes('tick'), { what: 'attach shows the output' });
		attached.child.kill();
		await attached.ended;
	});

	test('cp brings folders there and back', async () => {
		mkdirSync(join(scenario.folder, 'there', 'deep'), { recursive: true });
		writeFileSync(join(scenario.folder, 'there', 'deep', 'file'), 'content\n');
		await kubectl.ok('cp', 'there', 'web:/tmp/there', '-c', 'side');
		await kubectl.ok('cp', 'web:/tmp/there', 'back', '-c', 'side');
		expect(readFileSync(join(scenario.folder, 'back', 'deep', 'file'), 'utf8')).toBe('content\n');
	});

	test('port-forward brings real HTTP on several connections', async () => {
		const forward = kubectl.start(['port-forward', 'pod/web', ':80']);
		const port = await eventually(() => /127\.0\.0\.1:(\d+) -> 80/.exec(forward.out())?.[1], {
			what: 'kubectl listens',
		});
		const pages = await Promise.all(Array.from({ length: 8 }, () => pageAt(port)));
		for (const page of pages) expect(page).toContain('Welcome to nginx!');
		expect(forward.err()).toBe('');
		forward.child.kill();
		await forward.ended;
	});

	test("exec and port-forward by older kubectl's transport, SPDY", async () => {
		const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
		const script = 'cat; echo err >&2; exit 7';
		const exec = await kubectl.start(['exec', '-i', 'web', '-c', 'side', '--', 'sh', '-c', script], {
			env,
			input: 'typed\n',
		}).ended;
		expect(exec).toMatchObject({ code: 7, out: 'typed\n', err: expect.stringContaining('err\n') });
		const forward = kubectl.start(['port-forward', 'pod/web', ':80'], { env });
		const port = await eventually(() => /127\.0\.0\.1:(\d+) -> 80/.exec(forward.out())?.[1], {
			what: 'kubectl listens',
		});
		const pages = await Promise.all(Array.from({ length: 4 }, () => pageAt(port)));
		for (const page of pages) expect(page).toContain('Welcome to nginx!');
		forward.child.kill();
		await forward.ended;
	});

	test('label, annotate, patch, edit', async () => {
		expect(await kubectl.ok('label', 'pod', 'web', 'tier=front')).toBe('pod/web labeled\n');
		expect(await kubectl.ok('annotate', 'pod', 'web', 'note=x')).toBe('pod/web annotated\n');
		const json = '[{"op":"add","path":"/metadata/labels/by","value":"json"}]';
		expect(await kubectl.ok('patch', 'pod', 'web', '--type=json', '-p', json)).toBe('pod/web patched\n');
		const edit = await kubectl.start(['edit', 'cm', 'made'], {
			env: { KUBE_EDITOR: 'sed -i \'s/a: "1"/a: "one"/\'' },
		}).ended;
		expect(edit).toMatchObject({ code: 0, out: 'configmap/made edited\n' });
		expect(await kubectl.ok('get', 'cm', 'made', '-o', 'jsonpath={.data.a}')).toBe('one');
		expect((await scenario.pod('web'))?.metadata.labels).toEqual({ app: 'web', tier: 'front', by: 'json' });
	});

	test('debug joins the running pod', async () => {
		await kubectl.ok('debug', 'web', '-c', 'looker', '--image=busybox:1.36', '--target=side', '--', 'ps');
		const log = await eventually(
			async () => {
				const ran = await kubectl.run('logs', 'web', '-c', 'looker');
				return ran.out.includes('nginx') || ran.out.includes('sleep') ? ran.out : undefined;
			},
			{ what: 'the ephemeral container sees the processes of its target' },
		);
		expect(log).toContain('PID');
	});

	test('debug --copy-to makes the copy that podrun makes: a pod in protobuf', async () => {
		const copied = async (name: string, run: (...args: string[]) => Promise<string>) => {
			await run(
				'debug',
				'web',
				`--copy-to=${name}`,
				'-c',
				'look',
				'--image=busybox:1.36',
				'--',
				'sleep',
				'9',
			);
			const { metadata, spec } = JSON.parse(await kubectl.ok('get', 'pod', name, '-o', 'json'));
			await kubectl.ok('delete', 'pod', name, '--now');
			return { labels: metadata.labels, annotations: metadata.annotations, spec };
		};
		const theirs = await copied('theirs', kubectl.ok);
		expect(theirs.spec.containers).toHaveLength(3);
		expect({ ...theirs, spec: { ...theirs.spec, nodeName: undefined } }).toEqual({
			...(await copied('ours', (...args) => scenario.ok(...args))),
			spec: expect.objectContaining({ containers: theirs.spec.containers }),
		});
	});

	test('explain, api-resources, auth', async () => {
		expect(await kubectl.ok('explain', 'pod.spec.containers.livenessProbe')).toContain(
			'tcpSocket\t<TCPSocketAction>',
		);
		expect(await kubectl.ok('api-resources', '-o', 'name')).toContain('persistentvolumeclaims');
		expect(await kubectl.ok('auth', 'can-i', 'create', 'pods')).toBe('yes\n');
	});

	test('delete, and nothing is left; the API ends with Ctrl-C', async () => {
		expect(await kubectl.ok('delete', '-f', 'pod.yaml')).toContain('pod "web" deleted');
		expect((await kubectl.run('get', 'pod', 'web')).err).toBe(
			'Error from server (NotFound): pods "web" not found\n',
		);
		await kubectl.ok('delete', 'cm', '--all');
		api.running.child.kill('SIGINT');
		expect((await api.running.ended).code).toBe(0);
		expect((await kubectl.run('get', 'pods')).code).toBe(1);
		expect(existsSync(api.kubeconfig)).toBe(true);
	});
}
