/** Which engine is meant: DOCKER_HOST, contexts and the default, from real files in a home of its own. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { resolveEngineAddress } from '../../../src/client/engine-address.ts';

let home: string;
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'podrun-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function write(path: string, text: string): void {
	mkdirSync(join(home, path, '..'), { recursive: true });
	writeFileSync(join(home, path), text);
}

function context(name: string, host: string, options: { skipVerify?: boolean; tls?: boolean } = {}): void {
	const key = createHash('sha256').update(name).digest('hex');
	const docker = { Host: host, SkipTLSVerify: options.skipVerify ?? false };
	write(`.docker/contexts/meta/${key}/meta.json`, JSON.stringify({ Name: name, Endpoints: { docker } }));
	if (options.tls) {
		for (const file of ['ca', 'cert', 'key']) write(`.docker/contexts/tls/${key}/docker/${file}.pem`, file);
	}
}

it('takes DOCKER_HOST before any context', () => {
	context('other', 'tcp://other:1');
	write('.docker/config.json', JSON.stringify({ currentContext: 'other' }));
	expect(resolveEngineAddress({ HOME: home, DOCKER_HOST: 'host:2375/' })).toEqual({
		url: 'tcp://host:2375',
		source: 'DOCKER_HOST',
	});
	expect(resolveEngineAddress({ HOME: home }).url).toBe('tcp://other:1');
	expect(resolveEngineAddress({ HOME: home, DOCKER_HOST: '/run/x.sock' }).url).toBe('unix:///run/x.sock');
});

it('takes a flag before all, then DOCKER_CONTEXT, then the config', () => {
	for (const name of ['flag', 'env', 'config']) context(name, `tcp://${name}:1`);
	write('.docker/config.json', JSON.stringify({ currentContext: 'config' }));
	expect(resolveEngineAddress({ HOME: home, DOCKER_HOST: 'tcp://x:1' }, { context: 'flag' }).url).toBe(
		'tcp://flag:1',
	);
	expect(resolveEngineAddress({ HOME: home, DOCKER_CONTEXT: 'env' }).url).toBe('tcp://env:1');
	expect(resolveEngineAddress({ HOME: home }).source).toBe('docker context "config"');
	expect(resolveEngineAddress({ HOME: home, DOCKER_CONTEXT: 'default' }).url).toMatch(/^unix:/);
});

it("reads a context's TLS material", () => {
	context('secure', 'tcp://secure:2376', { tls: true, skipVerify: true });
	expect(resolveEngineAddress({ HOME: home, DOCKER_CONTEXT: 'secure' }).tls).toEqual({
		ca: 'ca',
		cert: 'cert',
		key: 'key',
		skipVerify: true,
	});
});

it('reads TLS from DOCKER_CERT_PATH, only when it is asked for', () => {
	for (const file of ['ca', 'cert', 'key']) write(`certs/${file}.pem`, file);
	const env = { HOME: home, DOCKER_HOST: 'tcp://h:2376', DOCKER_CERT_PATH: join(home, 'certs') };
	expect(resolveEngineAddress(env).tls).toBeUndefined();
	expect(resolveEngineAddress({ ...env, DOCKER_TLS_VERIFY: '1' }).tls).toMatchObject({
		ca: 'ca',
		skipVerify: false,
	});
	const missing = { ...env, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'nope') };
	expect(() => resolveEngineAddress(missing)).toThrow(/ca.pem, cert.pem and key.pem are not in/);
});

it('says which context is missing, and which address makes no sense', () => {
	expect(() => resolveEngineAddress({ HOME: home, DOCKER_CONTEXT: 'gone' })).toThrow(
		/docker context "gone" was not found/,
	);
	expect(() => resolveEngineAddress({ HOME: home, DOCKER_HOST: 'ftp://x' })).toThrow(
		/DOCKER_HOST names no engine/,
	);
	write('.docker/config.json', '{broken');
	expect(() => resolveEngineAddress({ HOME: home })).toThrow(/config.json is no valid JSON/);
});

it("finds a rootless engine's socket when the system has none", () => {
	const address = resolveEngineAddress({ HOME: home });
	expect(address.source).toBe('the default socket');
	expect(address.url).toMatch(/docker\.sock$/);
});
