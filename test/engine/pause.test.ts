/**
 * The infra image on a real engine: loaded from podrun's own bytes, it holds a pod together. A busybox that
 * joins its namespaces stands for the pod's containers.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEngine } from '../../src/engine/docker.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { infraArch, infraImage } from '../../src/engine/infra-image.ts';
import { connectThroughInfra, infraDial } from '../../src/supervisor/handlers/infra-dial.ts';
import { Reach } from '../../src/supervisor/handlers/reach.ts';
import { runHandler } from '../../src/supervisor/handlers/run.ts';
import { engineUnderTest } from '../support/engine-under-test.ts';

const MEGABYTES_8 = 8 * 1024 * 1024;
const run = `pause-test-${randomBytes(4).toString('hex')}`;
const labels = { 'podrun.dev/test': run };

let engine: Engine;
let image: ReturnType<typeof infraImage>;
let pause: string;
let app: string;

/** What a container of the pod runs: servers on ports of the pod, all of them busybox. */
const SERVERS = `
nc -ll -p 7000 -e cat &
nc -ll -p 7001 -e sh -c 'head -c ${MEGABYTES_8} /dev/zero; wc -c' &
nc -ll -p 7002 -e sh -c 'cat > /dev/null; sleep 1; echo late' &
mkdir /www; echo fine > /www/healthz
httpd -f -p 127.0.0.1:8080 -h /www &
exec sleep 3600`;

beforeAll(async () => {
	engine = await openEngine(engineUnderTest);
	const arch = infraArch((await engine.info()).arch);
	if (!arch) throw new Error('the infra image is built for amd64 and arm64 only');
	image = infraImage(arch);
	await engine.loadImage(image.tar);
	pause = await start({ name: `${run}-pause`, image: image.tag, ipcMode: 'shareable' });
	app = await start({
		name: `${run}-app`,
		image: 'busybox:1.36',
		entrypoint: ['sh', '-c', SERVERS],
		networkMode: `container:${pause}`,
		pidMode: `container:${pause}`,
	});
	await vi.waitFor(
		async () => {
			expect(await through('localhost', 8080, 'GET /healthz HTTP/1.0\r\n\r\n')).toContain('fine');
		},
		{ timeout: 20_000 },
	);
});

afterAll(async () => {
	for (const { id } of await engine.listContainers([`podrun.dev/test=${run}`])) {
		await engine.removeContainer(id, { force: true });
	}
	engine.close();
});

async function start(options: Partial<Parameters<Engine['createContainer']>[0]>): Promise<string> {
	const { id } = await engine.createContainer({
		name: run,
		image: image.tag,
		labels,
		networkMode: 'bridge',
		...options,
	});
	await engine.startContainer(id);
	return id;
}

/** Sends all, half-closes, reads to the end. */
async function through(host: string, port: number, data: string | Buffer): Promise<string> {
	const connection = await connectThroughInfra(engine, pause, host, port, { limitSeconds: 60 });
	connection.end(data);
	return text(connection).catch((error: Error) => error.message);
}

async function inApp(...command: string[]): Promise<string> {
	const session = await engine.exec(app, { command });
	const [output] = await Promise.all([text(session.stdout), session.exitCode]);
	return output;
}

function digest(stream: Duplex): Promise<{ size: number; sha: string }> {
	return new Promise((resolve, reject) => {
		const hash = createHash('sha256');
		let size = 0;
		stream.on('data', (chunk: Buffer) => {
			size += chunk.length;
			hash.update(chunk);
		});
		stream.on('end', () => resolve({ size, sha: hash.digest('hex') }));
		stream.on('error', reject);
	});
}

describe('the infra image', () => {
	it('is loaded under the id that podrun knows beforehand', async () => {
		const there = await engine.inspectImage(image.tag);
		expect(there?.id).toBe(image.id);
		expect(there?.entrypoint).toEqual(['/pause']);
		expect(there?.sizeBytes).toBeLessThan(16_384);
	});

	it('ends with 0 as soon as it is asked to', async () => {
		for (const signal of ['SIGTERM', 'SIGINT']) {
			const id = await start({ name: `${run}-${signal}` });
			await engine.killContainer(id, signal);
			await expect
				.poll(async () => (await engine.inspectContainer(id)).status, { timeout: 5_000, interval: 50 })
				.toBe('exited');
			expect((await engine.inspectContainer(id)).exitCode).toBe(0);
		}
	});
});

describe('pause as PID 1', () => {
	it('reaps the orphans of the containers that joined it', async () => {
		// Each inner shell ends before its child, so the child becomes PID 1's.
		await inApp('sh', '-c', 'for i in 1 2 3 4 5; do (sleep 0.3 &) ; done; sleep 0.1');
		expect(await inApp('cat', '/proc/1/comm')).toBe('pause\n');
		await expect
			.poll(
				() => inApp('sh', '-c', 'cat /proc/[0-9]*/stat 2>/dev/null | grep -cE "\\) Z |\\(sleep\\) S 1 "'),
				{
					timeout: 10_000,
				},
			)
			.toBe('0\n');
	});
});

describe('pause connect', () => {
	it('reaches what listens on the localhost of the pod only', async () => {
		expect(await through('127.0.0.1', 8080, 'GET /healthz HTTP/1.0\r\n\r\n')).toContain('fine');
	});

	it('carries 8 MB there and back without losing a byte', async () => {
		const data = randomBytes(MEGABYTES_8);
		const connection = await connectThroughInfra(engine, pause, '127.0.0.1', 7000);
		const back = digest(connection);
		connection.end(data);
		expect(await back).toEqual({
			size: data.length,
			sha: createHash('sha256').update(data).digest('hex'),
		});
	});

	it('does not lock up when both sides write 8 MB first', async () => {
		const answer = await through('localhost', 7001, Buffer.alloc(MEGABYTES_8, 'x'));
		expect(answer.replaceAll('\0', '').trim()).toBe(String(MEGABYTES_8));
		expect(answer.length).toBeGreaterThan(MEGABYTES_8);
	});

	it('passes a half-close on and still brings the answer that comes after it', async () => {
		expect(await through('127.0.0.1', 7002, 'question')).toBe('late\n');
	});

	it('says why there is no connection', async () => {
		expect(await through('127.0.0.1', 9, '')).toBe('dial tcp 127.0.0.1:9: connect: connection refused');
		expect(await through('::1', 9, '')).toMatch(
			/^dial tcp \[::1\]:9: connect: (?:connection refused|cannot assign requested address)$/,
		);
		expect(await through('255.255.255.255', 9, '')).toBe(
			'dial tcp 255.255.255.255:9: connect: network is unreachable',
		);
	});

	it('ends by itself at its limit', async () => {
		const hanging = await connectThroughInfra(engine, pause, '127.0.0.1', 7000, { limitSeconds: 1 });
		await expect(text(hanging)).rejects.toThrow('127.0.0.1:7000');
		await expect
			.poll(() => inApp('sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -c "[p]ause connect"'))
			.toBe('0\n');
	});
});

describe('probes through the pause', () => {
	const probe = (handler: object) =>
		runHandler(
			{ timeoutSeconds: 10, ...handler },
			{ engine, dial: infraDial(engine, pause), containerID: app, podIP: '127.0.0.1', ports: [] },
		);

	it('come to the same as direct ones', async () => {
		expect((await probe({ httpGet: { path: '/healthz', port: 8080 } })).outcome).toBe('success');
		expect(await probe({ httpGet: { path: '/nothing', port: 8080 } })).toEqual({
			outcome: 'failure',
			message: 'HTTP probe failed with statuscode: 404',
		});
		expect((await probe({ tcpSocket: { port: 8080 } })).outcome).toBe('success');
		expect(await probe({ tcpSocket: { port: 9 } })).toEqual({
			outcome: 'failure',
			message: 'dial tcp 127.0.0.1:9: connect: connection refused',
		});
		expect(await probe({ grpc: { port: 9 } })).toMatchObject({ outcome: 'failure' });
	});

	it('of exec run in the container', async () => {
		expect(await probe({ exec: { command: ['cat', '/www/healthz'] } })).toEqual({
			outcome: 'success',
			message: 'fine\n',
		});
		expect((await probe({ exec: { command: ['/no/such'] } })).outcome).toBe('failure');
	});

	it('of exec that take too long are ended, with their children', async () => {
		const timed = await runHandler(
			{ exec: { command: ['sh', '-c', 'sleep 4321; true'] }, timeoutSeconds: 1 },
			{ engine, dial: infraDial(engine, pause), containerID: app, sandboxID: pause, podIP: '', ports: [] },
		);
		expect(timed).toEqual({
			outcome: 'failure',
			message: 'command timed out: "sh -c sleep 4321; true" timed out after 1s',
		});
		await expect
			.poll(() => inApp('sh', '-c', 'ps | grep -c "[s]leep 4321"'), { timeout: 20_000 })
			.toBe('0\n');
		expect((await engine.inspectContainer(app)).status).toBe('running');
	});

	it('take whichever way is open when nothing is forced', async () => {
		const { networks } = await engine.inspectContainer(pause);
		const podIP = Object.values(networks)[0]?.ip ?? '';
		for (const PODRUN_REACH of ['auto', 'infra']) {
			const reach = new Reach(engine, await engine.info(), { PODRUN_REACH });
			const dial = await reach.into(pause, podIP);
			const target = { engine, dial, containerID: app, podIP, ports: [] };
			expect((await runHandler({ tcpSocket: { port: 7000 }, timeoutSeconds: 10 }, target)).outcome).toBe(
				'success',
			);
		}
	});
});
