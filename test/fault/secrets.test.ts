/**
 * Secrets are planted wherever a pod may have them, and made to fail there: afterwards they must stand nowhere but
 * where they belong: in the file of the Secret, which only this user may read, and in the container itself.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker } from '../support/checks.ts';
import { holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { ask } from '../support/raw-http.ts';
import { eventually, scenario } from '../support/scenario.ts';
import { serveApi } from '../support/served-api.ts';
import { printFault } from './report.ts';

/** One for each place, so that a leak tells where it came from. */
const PLANTED = {
	env: 'planted-env-3141',
	envFrom: 'planted-envfrom-2718',
	file: 'planted-file-1618',
	registry: 'planted-registry-1414',
	basic: Buffer.from('robot:planted-registry-1414').toString('base64'),
	request: 'planted-request-1732',
	execArgument: 'planted-argument-2236',
} as const;

const s = scenario('secrets', { PODRUN_LOG_LEVEL: 'debug', PODRUN_MAX_RESTART_BACKOFF: '1s' });
let stateFolder = '';
let token = '';

beforeAll(async () => {
	const auth = { auths: { 'registry.invalid': { username: 'robot', password: PLANTED.registry } } };
	await s.apply(
		{
			apiVersion: 'v1',
			kind: 'Secret',
			metadata: { name: 'planted' },
			stringData: { one: PLANTED.env, TWO: PLANTED.envFrom, three: PLANTED.file },
		} as never,
		{
			apiVersion: 'v1',
			kind: 'Secret',
			metadata: { name: 'pull' },
			type: 'kubernetes.io/dockerconfigjson',
			stringData: { '.dockerconfigjson': JSON.stringify(auth) },
		} as never,
		pod('holder', {
			imagePullSecrets: [{ name: 'pull' }],
			volumes: [{ name: 'files', secret: { secretName: 'planted' } }],
			containers: [
				server('fine', {
					env: [{ name: 'ONE', valueFrom: { secretKeyRef: { name: 'planted', key: 'one' } } }],
					envFrom: [{ secretRef: { name: 'planted' } }],
					volumeMounts: [{ name: 'files', mountPath: '/files' }],
					// Fails, and is told as failed, again and again.
					readinessProbe: { exec: { command: ['sh', '-c', 'test "$ONE" = other'] }, periodSeconds: 1 },
				}),
				// Its command does not exist.
				sh('broken', '', {
					command: ['/no/such/program'],
					env: [{ name: 'ONE', valueFrom: { secretKeyRef: { name: 'planted', key: 'one' } } }],
				}),
				sh('unpulled', '', { image: 'registry.invalid/private/image:1', imagePullPolicy: 'Always' }),
				sh('crashing', 'sleep 1; exit 1', { envFrom: [{ secretRef: { name: 'planted' } }] }),
			],
		}),
	);
	await s.until(
		'holder',
		(pod) =>
			statusOf(pod, 'fine').state?.running !== undefined &&
			statusOf(pod, 'crashing').restartCount >= 2 &&
			/ErrImagePull|ImagePullBackOff/.test(statusOf(pod, 'unpulled').state?.waiting?.reason ?? ''),
	);
	await eventually(async () => (await s.events('holder')).some(({ reason }) => reason === 'Unhealthy'));
	const api = await serveApi(s);
	token = /token: (\S+)/.exec(readFileSync(api.kubeconfig, 'utf8'))?.[1] ?? '';
	// With a word that is wrong, and with one that is not there.
	for (const command of [['echo', PLANTED.execArgument], [`/no/${PLANTED.execArgument}`]]) {
		await s.podrun('exec', 'holder', '-c', 'fine', '--', ...command);
	}
	const socket = (await s.supervisor())?.socket ?? '';
	for (const body of [`{"data":{"a":"${PLANTED.request}"`, `{"data":{"a":{"b":"${PLANTED.request}"}}}`]) {
		const headers = { 'content-type': 'application/json', authorization: `Bearer ${PLANTED.request}` };
		await ask(socket, { method: 'POST', path: '/api/v1/namespaces/default/secrets', headers, body });
	}
	stateFolder = (await s.supervisor())?.stateFolder ?? '';
	// What is written a second later is written too.
	await eventually(() => readdirSync(stateFolder).includes('events.json'));
});

afterAll(() => {
	printFault(
		'secrets of env, volumes, registries, `podrun api` and exec, in pods that fail',
		'in none of: log (at debug), events, status, labels, names, command lines, `describe`',
	);
});

/** Names of the planted words that the text has, as they are or in base64. */
function leaks(text: string): string[] {
	const words = { ...PLANTED, ...(token === '' ? {} : { token }) };
	return Object.entries(words)
		.filter(([, word]) => text.includes(word) || text.includes(Buffer.from(word).toString('base64')))
		.map(([name]) => name);
}

test('none in the state folder but in the Secrets themselves, which are for this user only', () => {
	const files = readdirSync(stateFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
		statSync(join(stateFolder, name)).isFile(),
	);
	expect(files).toContain('supervisor.log');
	const leaking = files.flatMap((name) => {
		const found = leaks(readFileSync(join(stateFolder, name), 'utf8'));
		return found.length === 0 || name.startsWith('objects/secrets/') ? [] : [`${name}: ${found.join(', ')}`];
	});
	expect(leaking).toEqual([]);
	// Where they belong they are found, so the search does find what there is.
	const kept = files.filter((name) => name.startsWith('objects/secrets/'));
	expect(kept.every((name) => leaks(readFileSync(join(stateFolder, name), 'utf8')).length > 0)).toBe(true);
	for (const name of files) expect(statSync(join(stateFolder, name)).mode & 0o077, name).toBe(0);
});

test('none in the log, also at the level of debug', async () => {
	const log = await s.ok('supervisor', 'logs');
	const lines = log.trim().split('\n');
	expect(lines.some((line) => JSON.parse(line).level === 'debug')).toBe(true);
	expect(leaks(log)).toEqual([]);
	expect(JSON.parse(await s.ok('supervisor', 'logs', '--tail=1'))).toHaveProperty('time');
});

test('none in events, statuses, and what describe shows', async () => {
	for (const args of [
		['get', 'events', '-o', 'json'],
		['get', 'pods', '-o', 'json'],
		['describe', 'pod', 'holder'],
		['describe', 'secret', 'planted'],
		['get', 'pods,secrets', '-o', 'wide'],
		['doctor'],
		['supervisor', 'status', '-o', 'json'],
	]) {
		expect(leaks((await s.podrun(...args)).out), args.join(' ')).toEqual([]);
	}
	expect(holds((await s.pod('holder')) as never, 'Ready')).toBe(false);
});

test('none in labels, names and options on the engine, but the environment of the containers', async () => {
	const filters = { label: [`podrun.dev/instance=${s.instance}`] };
	const looked: string[] = [];
	for (const { Id } of await docker.listContainers({ all: true, filters })) {
		const found = await docker
			.getContainer(Id)
			.inspect()
			// An attempt that gave way to the next one meanwhile.
			.catch((error: { statusCode?: number }) =>
				error.statusCode === 404 ? undefined : Promise.reject(error),
			);
		if (found === undefined) continue;
		const { Config, ...rest } = found;
		const { Env: _, ...config } = Config;
		looked.push(Id);
		expect(leaks(JSON.stringify({ ...rest, Config: config }))).toEqual([]);
	}
	expect(looked.length).toBeGreaterThan(1);
	const volumes = await docker.listVolumes({ filters });
	const networks = await docker.listNetworks({ filters });
	expect(leaks(JSON.stringify([volumes, networks]))).toEqual([]);
});

test('none in the command lines of processes', () => {
	for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		let line = '';
		try {
			line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
		} catch {
			// It has ended.
		}
		if (line.includes('podrun')) expect(leaks(line)).toEqual([]);
	}
});
