/** The contract of `Engine`. Namespaces of another container: what may join what, and when. */
import { expect, it } from 'vitest';
import { code, eachEngine, SLEEP } from '../../support/contract.ts';

eachEngine('joins', (s) => {
	const pause = (suffix: string): Promise<string> => s.started(suffix, SLEEP, { ipcMode: 'shareable' });
	const joined = (id: string): { networkMode: string; ipcMode: string; pidMode: string } => ({
		networkMode: `container:${id}`,
		ipcMode: `container:${id}`,
		pidMode: `container:${id}`,
	});

	it('shares namespaces with a running one, and dies with its first process', async () => {
		const donor = await pause('donor');
		const app = await s.started('app', SLEEP, joined(donor));
		expect(await s.engine.inspectContainer(app)).toMatchObject({
			networkMode: `container:${donor}`,
			networks: {},
		});
		await s.engine.killContainer(donor, 'KILL');
		await s.exited(app);
		expect(await s.engine.inspectContainer(app)).toMatchObject({ exitCode: 137, oomKilled: false });
		await expect(s.engine.startContainer(app)).rejects.toEqual(code('CONFLICT'));
	});

	it('may be created before the other runs, but not started', async () => {
		const donor = await s.container('idle', SLEEP, { ipcMode: 'shareable' });
		for (const [index, mode] of [
			{ networkMode: `container:${donor}` },
			{ ipcMode: `container:${donor}` },
			{ pidMode: `container:${donor}` },
		].entries()) {
			const app = await s.container(`early${index}`, SLEEP, mode);
			await expect(s.engine.startContainer(app)).rejects.toEqual(code('CONFLICT'));
			expect((await s.engine.inspectContainer(app)).status).toBe('created');
		}
	});

	it('is not even created when the one is gone whose IPC it would share', async () => {
		const donor = await s.container('gone', SLEEP);
		await s.engine.removeContainer(donor, { force: true });
		await expect(s.container('late', SLEEP, { ipcMode: `container:${donor}` })).rejects.toEqual(
			code('NOT_FOUND'),
		);
	});

	it('turns a name into the id at create', async () => {
		const donor = await pause('named');
		const app = await s.container('follows', SLEEP, { networkMode: `container:${s.name('named')}` });
		expect((await s.engine.inspectContainer(app)).networkMode).toBe(`container:${donor}`);
	});

	it('refuses to join the IPC of one that does not share it', async () => {
		const donor = await s.started('private', SLEEP);
		const app = await s.container('ipcapp', SLEEP, { ipcMode: `container:${donor}` });
		await expect(s.engine.startContainer(app)).rejects.toThrow(/shareable/);
	});

	it('refuses at create what belongs to the owner of the network', async () => {
		const donor = await pause('owner');
		const port = { containerPort: 80, protocol: 'tcp', hostPort: 0, hostIP: '' } as const;
		for (const options of [
			{ hostname: 'x' },
			{ dns: ['10.0.0.1'] },
			{ extraHosts: ['a:10.0.0.1'] },
			{ ports: [port] },
		]) {
			const creating = s.container('refused', SLEEP, { networkMode: `container:${donor}`, ...options });
			await expect(creating).rejects.toEqual(code('BAD_REQUEST'));
		}
	});
});
