/** The first call of a command is its greeting: whoever answers as an older version has carried nothing out. */
import { rename } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { compareVersions, VERSION } from '../../../src/api/version.ts';
import { type Client, createClient } from '../../../src/client/client.ts';
import { type ApiFixture, podNamed, serveMemory } from '../../support/api-fixture.ts';

const PODS = '/api/v1/namespaces/default/pods';

/** A client as commands have it, and how often it had to bring a supervisor back. */
function commandOf(api: ApiFixture, revive: () => Promise<void>): { client: Client; revived: () => number } {
	let count = 0;
	const client = createClient({
		socket: api.socket,
		accepts: (version) => compareVersions(version ?? '0', VERSION) >= 0,
		revive: () => {
			count += 1;
			return revive();
		},
	});
	return { client, revived: () => count };
}

it('a write to a supervisor of the same version is one call', async () => {
	await using api = await serveMemory();
	const { client, revived } = commandOf(api, async () => {});
	await client.request('POST', PODS, { body: podNamed('one'), repeatable: true });
	expect(revived()).toBe(0);
	expect(await api.client.list(PODS)).toMatchObject({ items: [{ metadata: { name: 'one' } }] });
	client.close();
});

it('a write to an older supervisor is carried out by the one that takes its place, and by that alone', async () => {
	await using old = await serveMemory('0.0.1');
	await using next = await serveMemory();
	const { client, revived } = commandOf(old, () => rename(next.socket, old.socket));
	const before = createClient({ socket: old.socket });
	await before.request('GET', PODS);
	await client.request('POST', PODS, { body: podNamed('two'), repeatable: true });
	expect(revived()).toBe(1);
	expect(await before.list(PODS)).toMatchObject({ items: [] });
	expect(await client.list(PODS)).toMatchObject({ items: [{ metadata: { name: 'two' } }] });
	client.close();
	before.close();
});

it('a client that expects nothing is served by any version', async () => {
	await using old = await serveMemory('0.0.1');
	await old.client.request('POST', PODS, { body: podNamed('three') });
	expect(await old.client.list(PODS)).toMatchObject({ items: [{ metadata: { name: 'three' } }] });
});
