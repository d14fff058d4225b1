/** A registry that wants a name and a password: imagePullSecrets bring them, and nobody else sees them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { holds, pod, statusOf } from '../support/manifests.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { scenario } from '../support/scenario.ts';

const PASSWORD = 'correct-horse-battery';

describe('a private registry', () => {
	let registry: Registry;
	// After the scenario has ended: an image that is in use can't be removed.
	afterAll(() => registry.close());
	const s = scenario('registry');
	beforeAll(async () => {
		registry = await startRegistry('reader', PASSWORD);
	});

	const login = (password: string) => ({
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: { name: 'login' },
		type: 'kubernetes.io/dockerconfigjson',
		stringData: {
			'.dockerconfigjson': JSON.stringify({
				auths: { [registry.host]: { username: 'reader', password } },
			}),
		},
	});
	const wants = (name: string, more = {}) =>
		pod(name, { containers: ['a', 'b'].map((one) => ({ name: one, image: registry.image })), ...more });

	test('without a login: ErrImagePull says so, and up -d does not wait for ever', async () => {
		const ran = await s.podrun('up', '-d', '-f', s.manifest('stranger', wants('stranger')));
		expect(ran.code).toBe(1);
		expect(ran.err).toContain(registry.image);
		const seen = await s.until('stranger', (pod) =>
			/^(ErrImagePull|ImagePullBackOff)$/.test(statusOf(pod, 'a').state?.waiting?.reason ?? ''),
		);
		expect(statusOf(seen, 'a').state?.waiting?.message).toMatch(/no basic auth credentials|unauthorized/);
		expect(registry.refused).toBeGreaterThan(0);
		expect(registry.sent).toBe(0);
		await s.ok('down', 'stranger');
	});

	test('with the Secret: two containers of one image are one pull, and the password is nowhere', async () => {
		await s.apply(login(PASSWORD));
		const guest = wants('guest', { imagePullSecrets: [{ name: 'login' }] });
		await s.ok('up', '-d', '-f', s.manifest('guest', guest));
		const seen = await s.until('guest', (pod) => holds(pod, 'Ready'));
		expect(statusOf(seen, 'a').imageID).toMatch(/sha256:/);
		expect(registry.sent).toBe(1);

		const supervisor = await s.supervisor();
		const log = readFileSync(join(supervisor?.stateFolder ?? '', 'supervisor.log'), 'utf8');
		const events = JSON.stringify(await s.events('guest'));
		expect(`${log}${events}${JSON.stringify(seen)}`).not.toContain(PASSWORD);
	});
});
