/** Which way into a pod is taken, and the small rules that all handlers share. */

import { type AddressInfo, createServer } from 'node:net';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { goSeconds, joinHostPort, resolvePort } from '../../../../src/supervisor/handlers/handler.ts';
import { Reach } from '../../../../src/supervisor/handlers/reach.ts';
import { localEngine } from './local-engine.ts';

const here = { local: true, kernelVersion: release() };

/** A pod at 127.0.0.1 on a network of the engine, whose bridge the engine names as Docker does. */
const BRIDGE = 'br-0123456789ab';

/**
 * Checks an open port of this machine through `reach`; whether a process in the pod was needed for it.
 * `devices`: the network devices of this machine.
 */
async function usesTheEngine(
	info: typeof here,
	PODRUN_REACH?: string,
	devices: readonly string[] = ['lo', 'eth0', BRIDGE],
): Promise<boolean> {
	const engine = localEngine('0123456789abcdef');
	const server = createServer();
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const { port } = server.address() as AddressInfo;
	const reach = new Reach(engine, info, { PODRUN_REACH }, () => devices);
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

	it("leads through the pause where the engine's bridge is not this machine's, whoever else answers here", async () => {
		// As seen with two engines, one of them in a network namespace of its own: both had a pod at this address.
		expect(await usesTheEngine(here, undefined, ['lo', 'eth0', 'br-ba9876543210'])).toBe(true);
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
