/** What the official JavaScript client is to find at `podrun api`: a pod's life from list to port-forward. */
import { get } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { PassThrough } from 'node:stream';
import {
	CoreV1Api,
	Exec,
	KubeConfig,
	Log,
	makeInformer,
	PortForward,
	type V1Pod,
	type V1Status,
	Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, Scenario } from './scenario.ts';
import { serveApi } from './served-api.ts';

const POD: V1Pod = {
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: { name: 'client', labels: { app: 'client' } },
	spec: {
		terminationGracePeriodSeconds: 1,
		containers: [
			{ name: 'web', image: 'nginx:1.22' },
			{
				name: 'clock',
				image: 'busybox:1.36',
				command: ['sh', '-c', 'i=0; while true; do echo tick $i; i=$((i+1)); sleep 0.1; done'],
			},
		],
	},
};

function sink(): { readonly stream: PassThrough; readonly text: () => string } {
	const stream = new PassThrough();
	let text = '';
	stream.on('data', (chunk: Buffer) => {
		text += chunk.toString();
	});
	return { stream, text: () => text };
}

function fetched(port: number): Promise<string> {
	return new Promise((resolve, reject) => {
		get({ port, host: '127.0.0.1', path: '/', agent: false }, (answer) => {
			let text = '';
			answer.on('data', (chunk) => {
				text += chunk;
			});
			answer.on('end', () => resolve(text));
		}).on('error', reject);
	});
}

/** Registers the tests, in an instance of their own. */
export function clientNodeChecks(name: string): void {
	const scenario = new Scenario(name);
	const config = new KubeConfig();
	let core: CoreV1Api;
	const namespace = 'default';

	beforeAll(async () => {
		const { kubeconfig } = await serveApi(scenario);
		config.loadFromFile(kubeconfig);
		core = config.makeApiClient(CoreV1Api);
	});
	afterAll(() => scenario.end());

	test('an informer hears of a pod from its creation until it is Ready; list and get agree', async () => {
		const path = `/api/v1/namespaces/${namespace}/pods`;
		const informer = makeInformer(config, path, () => core.listNamespacedPod({ namespace }));
		const heard: string[] = [];
		for (const verb of ['add', 'update', 'delete'] as const) {
			informer.on(verb, (pod) => heard.push(`${verb} ${pod.metadata?.name} ${pod.status?.phase}`));
		}
		await informer.start();
		await core.createNamespacedPod({ namespace, body: POD });
		await eventually(() => heard[0] === 'add client Pending', { what: 'the informer hears add' });
		await eventually(() => heard.includes('update client Running'), { what: 'the informer hears Running' });
		await eventually(
			async () => {
				const pod = await core.readNamespacedPod({ namespace, name: 'client' });
				return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
			},
			{ what: 'the pod is Ready' },
		);
		const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'app=client' });
		expect(items.map((pod) => pod.metadata?.name)).toEqual(['client']);
		await informer.stop();
	});

	test('a watch begins with what is there', async () => {
		const seen: string[] = [];
		const watch = new Watch(config);
		const path = `/api/v1/namespaces/${namespace}/pods`;
		const request = await watch.watch(
			path,
			{},
			(type: string, pod: V1Pod) => seen.push(`${type} ${pod.metadata?.name}`),
			() => {},
		);
		await eventually(() => seen.includes('ADDED client'), { what: 'the watch tells the pod' });
		request.abort();
	});

	const log = sink();
	const logEnded = new Promise((resolve) => log.stream.once('end', resolve));

	test('log follows', async () => {
		await new Log(config).log(namespace, 'client', 'clock', log.stream, { follow: true });
		await eventually(() => log.text().includes('tick 0\ntick 1\ntick 2\n'), { what: 'the log comes' });
	});

	test('exec passes streams both ways and tells how it ended', async () => {
		const [out, err] = [sink(), sink()];
		const input = new PassThrough();
		const ended = Promise.withResolvers<V1Status>();
		await new Exec(config).exec(
			namespace,
			'client',
			'web',
			['sh', '-c', 'read line; echo "got $line"; echo oops >&2; exit 3'],
			out.stream,
			err.stream,
			input,
			false,
			ended.resolve,
		);
		input.write('hello\n');
		const status = await ended.promise;
		expect(status).toMatchObject({
			status: 'Failure',
			reason: 'NonZeroExitCode',
			details: { causes: [{ reason: 'ExitCode', message: '3' }] },
		});
		expect(out.text()).toBe('got hello\n');
		expect(err.text()).toBe('oops\n');
	});

	test('port-forward brings real HTTP', async () => {
		const forward = new PortForward(config);
		const server: Server = createServer((socket) => {
			socket.on('error', () => {});
			forward.portForward(namespace, 'client', [80], socket, null, socket);
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		expect(await fetched(port)).toContain('Welcome to nginx!');
		server.close();
	});

	test('delete ends it, and the log that is followed', async () => {
		await core.deleteNamespacedPod({ namespace, name: 'client' });
		await logEnded;
		await eventually(async () => (await core.listNamespacedPod({ namespace })).items.length === 0, {
			what: 'the pod is gone',
		});
		await expect(core.readNamespacedPod({ namespace, name: 'client' })).rejects.toMatchObject({ code: 404 });
	});
}
