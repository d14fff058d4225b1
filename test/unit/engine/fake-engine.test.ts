/** The fake's own controls: its clock, and the failures that a test orders. What it shares with Docker is in the contract. */
import { expect, it } from 'vitest';
import { FakeEngine } from '../../support/fake-engine.ts';

const options = (
	name: string,
): { name: string; image: string; labels: object & Record<string, string>; networkMode: string } => ({
	name,
	image: 'busybox:1.36',
	labels: {},
	networkMode: 'none',
});

it('moves only when the test moves it, everything at its own instant', async () => {
	const engine = new FakeEngine({
		now: 1_000,
		program: ({ name }) => ({ exitAfterMs: name === 'slow' ? 500 : 200 }),
	});
	for (const name of ['slow', 'fast']) {
		const { id } = await engine.createContainer(options(name));
		await engine.startContainer(id);
	}
	expect(engine.nextDue).toBe(1_200);
	engine.advance(199);
	expect((await engine.inspectContainer('fast')).status).toBe('running');
	engine.advance(1_000);
	expect((await engine.inspectContainer('fast')).finishedAt).toBe(1_200);
	expect((await engine.inspectContainer('slow')).finishedAt).toBe(1_500);
	expect(engine.now).toBe(2_199);
	expect(engine.nextDue).toBeUndefined();
});

it('obeys a signal in its own time, and KILL at once', async () => {
	const engine = new FakeEngine({ now: 0, program: () => ({ stopAfterMs: 300, stopCode: 4 }) });
	const { id } = await engine.createContainer(options('only'));
	await engine.startContainer(id);
	await engine.killContainer(id, 'SIGTERM');
	expect((await engine.inspectContainer(id)).status).toBe('running');
	await engine.killContainer(id, 'SIGKILL');
	expect(await engine.inspectContainer(id)).toMatchObject({ status: 'exited', exitCode: 137 });
});

it('fails the n-th call before its deed, or after it', async () => {
	const engine = new FakeEngine();
	engine.inject({ method: 'createContainer', nth: 2 });
	await engine.createContainer(options('one'));
	await expect(engine.createContainer(options('two'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
	await expect(engine.inspectContainer('two')).rejects.toMatchObject({ code: 'NOT_FOUND' });
	engine.inject({ method: 'createContainer', when: 'after' });
	await expect(engine.createContainer(options('three'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
	expect((await engine.inspectContainer('three')).status).toBe('created');
});

it('holds a call back until it is let go', async () => {
	const engine = new FakeEngine();
	const release = engine.hold('createContainer');
	let done = false;
	const creating = engine.createContainer(options('held')).then(() => {
		done = true;
	});
	await engine.ping();
	expect(done).toBe(false);
	release();
	await creating;
	expect((await engine.inspectContainer('held')).status).toBe('created');
});

it('kills all and forgets its events when it goes down', async () => {
	const engine = new FakeEngine();
	const { id } = await engine.createContainer(options('only'));
	await engine.startContainer(id);
	engine.down();
	await expect(engine.ping()).rejects.toMatchObject({ code: 'UNREACHABLE' });
	engine.up();
	expect(await engine.inspectContainer(id)).toMatchObject({ status: 'exited', exitCode: 137 });
});
