/** Registry logins: Docker's config file, credential helpers as real programs, and pull secrets. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretCredentials, userCredentials } from '../../../src/engine/credentials.ts';

const basic = (user: string, password: string): string =>
	Buffer.from(`${user}:${password}`).toString('base64');

describe('the user', () => {
	let home: string;
	let env: Record<string, string>;
	beforeEach(() => {
		home = mkdtempSync(join(tmpdir(), 'podrun-home-'));
		mkdirSync(join(home, '.docker'));
		mkdirSync(join(home, 'bin'));
		env = { HOME: home, PATH: `${join(home, 'bin')}:${process.env.PATH}` };
	});
	afterEach(() => rmSync(home, { recursive: true }));

	const config = (value: unknown): void =>
		writeFileSync(
			join(home, '.docker', 'config.json'),
			typeof value === 'string' ? value : JSON.stringify(value),
		);
	const helper = (name: string, script: string): void => {
		const path = join(home, 'bin', `docker-credential-${name}`);
		writeFileSync(path, `#!/bin/sh\nread server\n${script}\n`);
		chmodSync(path, 0o755);
	};

	it('is nobody without a config', async () => {
		expect(await userCredentials('nginx', env)).toBeUndefined();
		config({});
		expect(await userCredentials('nginx', env)).toBeUndefined();
		expect(await userCredentials('Not A Ref', env)).toBeUndefined();
	});

	it('has logins in the file, Docker Hub under its old name, and passwords with colons', async () => {
		config({
			auths: {
				'https://index.docker.io/v1/': { auth: basic('hub', 'a:b') },
				'localhost:5000': { auth: basic('local', 'x') },
				'ghcr.io': { identitytoken: 'token' },
			},
		});
		expect(await userCredentials('nginx', env)).toMatchObject({ username: 'hub', password: 'a:b' });
		expect(await userCredentials('localhost:5000/x', env)).toMatchObject({
			username: 'local',
			password: 'x',
		});
		expect(await userCredentials('ghcr.io/a/b', env)).toEqual({
			identitytoken: 'token',
			serveraddress: 'ghcr.io',
		});
		expect(await userCredentials('quay.io/a/b', env)).toBeUndefined();
	});

	it("asks the registry's own helper, else the store", async () => {
		config({ credsStore: 'store', credHelpers: { 'ghcr.io': 'own' } });
		helper('own', 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t-$server\\"}"');
		helper('store', 'echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$server\\"}"');
		expect(await userCredentials('ghcr.io/x/y', env)).toEqual({
			identitytoken: 't-ghcr.io',
			serveraddress: 'ghcr.io',
		});
		expect(await userCredentials('nginx', env)).toMatchObject({
			username: 'u',
			password: 'https://index.docker.io/v1/',
		});
	});

	it('takes "not found" for no login, and any other failure for what it is', async () => {
		config({ credsStore: 'store' });
		helper('store', 'echo "credentials not found in native keychain"; exit 1');
		expect(await userCredentials('nginx', env)).toBeUndefined();
		helper('store', 'echo "the keychain is locked"; exit 1');
		await expect(userCredentials('nginx', env)).rejects.toThrow(
			/docker-credential-store .*the keychain is locked/,
		);
		helper('store', 'echo "Secret hunter2"');
		const failing = await userCredentials('nginx', env).catch((error: Error) => error);
		expect(failing).toMatchObject({ code: 'UNAUTHORIZED' });
		expect(String(failing)).not.toContain('hunter2');
		config({ credsStore: 'absent' });
		await expect(userCredentials('nginx', env)).rejects.toThrow(/not in the PATH/);
	});

	it('does not quote a broken file', async () => {
		config('{"auths": {"x": {"auth": "hunter2"');
		const failing = await userCredentials('nginx', env).catch((error: Error) => error);
		expect(String(failing)).toContain('no valid JSON');
		expect(String(failing)).not.toContain('hunter2');
	});
});

describe('pull secrets', () => {
	const secret = (auths: object): { type: string; data: Record<string, string> } => ({
		type: 'kubernetes.io/dockerconfigjson',
		data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
	});
	const users = (ref: string, ...secrets: Parameters<typeof secretCredentials>[1]): (string | undefined)[] =>
		secretCredentials(ref, secrets).map((auth) => auth.username);

	it('match by host, by path, by pattern, the closest first', () => {
		const auths = secret({
			'registry.example.org': { username: 'host', password: 'p' },
			'https://registry.example.org/team': { auth: basic('team', 'p') },
			'registry.example.org/tea': { username: 'other', password: 'p' },
			'*.example.org': { username: 'glob', password: 'p' },
			'example.org': { username: 'apex', password: 'p' },
		});
		expect(users('registry.example.org/team/app:1', auths)).toEqual(['team', 'host', 'glob']);
		expect(users('registry.example.org/x', auths)).toEqual(['host', 'glob']);
		expect(users('registry.example.org:5000/x', auths)).toEqual([]);
		expect(users('a.b.example.org/x', auths)).toEqual([]);
	});

	it('know Docker Hub by all its names', () => {
		for (const key of [
			'https://index.docker.io/v1/',
			'docker.io',
			'index.docker.io',
			'https://registry-1.docker.io/v2/',
		]) {
			expect(users('nginx', secret({ [key]: { username: key, password: 'p' } }))).toEqual([key]);
		}
	});

	it('come in the old form too, in the order of the secrets', () => {
		const old = {
			type: 'kubernetes.io/dockercfg',
			data: {
				'.dockercfg': Buffer.from(JSON.stringify({ 'x.io': { auth: basic('old', 'p') } })).toString('base64'),
			},
		};
		expect(users('x.io/a', old, secret({ 'x.io': { auth: basic('new', 'p') } }))).toEqual(['old', 'new']);
	});

	it('pass over what is broken or of another type', () => {
		const broken = { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e2Jyb2tlbg==' } };
		expect(users('x.io/a', broken, { type: 'Opaque', data: { a: 'b' } }, {})).toEqual([]);
	});
});
