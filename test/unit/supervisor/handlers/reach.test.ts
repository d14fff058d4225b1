/** Which way into a pod is taken, and the small rules that all handlers share. */

import { type AddressInfo, createServer } from 'node:net';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { goSeconds, joinHostPort, resolvePort } from '../../../../src/supervisor/handlers/handler.ts';
import { Reach } from '../../../../src/supervisor/handlers/reach.ts';
import { localEngine } from './local-engine.ts';

const here = { local: true, kernelVersion: release() };

/** Checks an open port of this machine through `reach`; whether the engine was needed for it. */
async function usesTheEngine(info: typeof here, PODRUN_REACH?: string): Promise<boolean> {
	const engine = localEngine();
	const server = createServer();
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const { port } = server.address() as AddressInfo;
	const reach = new Reach(engine, info, { PODRUN_REACH });
	const dial = await reach.into('pause-id', '127.0.0.1');
	await dial.check('127.0.0.1', port, 5, AbortSignal.timeout(5_000));
	await new Promise((done) => server.close(done));
	return engine.commands.length > 0;
}

describe('the way into a pod', () => {
	it('is the direct one where the pod answers from this very machine', async () => {
		expect(await usesTheEngine(here)).toBe(process.platform !== 'linux');
	});

	it('leads through the pause for an engine elsewhere, or in a virtual machine', async () => {
		expect(await usesTheEngine({ ...here, local: false })).toBe(true);
		expect(await usesTheEngine({ ...here, kernelVersion: '6.6.6-linuxkit' })).toBe(true);
	});

	it('can be forced either way', async () => {
		expect(await usesTheEngine(here, 'infra')).toBe(true);
		expect(await usesTheEngine({ ...here, local: false }, 'direct')).toBe(false);
	});

	it('has no other words', () => {
		expect(() => new Reach(localEngine(), here, { PODRUN_REACH: 'magic' })).toThrow(
			'PODRUN_REACH is "magic"',
		);
	});
});

describe('a port', () => {
	const ports = [{ name: 'web', containerPort: 8080 }];

	it('may be a number, a number as text, or a name', () => {
		expect([80, '81', 'web'].map((port) => resolvePort(port, ports))).toEqual([80, 81, 8080]);
	});

	it.each(['api', 0, 70_000, '-1'])('may not be %s', (port) => {
		expect(() => resolvePort(port, ports)).toThrow(/couldn't find port|invalid port number/);
	});
});

it('prints addresses and durations as Go does', () => {
	expect([joinHostPort('10.0.0.1', 80), joinHostPort('fd00::1', 80)]).toEqual([
		'10.0.0.1:80',
		'[fd00::1]:80',
	]);
	expect([1, 60, 3665].map(goSeconds)).toEqual(['1s', '1m0s', '1h1m5s']);
});
