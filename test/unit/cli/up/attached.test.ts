/** What `up` prints before it takes away what has ended. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { Io } from '../../../../src/cli/io.ts';
import { attach } from '../../../../src/cli/up/attached.ts';
import { PodFeed } from '../../../../src/cli/up/feed.ts';
import { podNamed, serveMemory } from '../../../support/api-fixture.ts';

it('the log of the container that ends it is printed whole, before its pod is deleted', async () => {
	await using api = await serveMemory();
	const key = { namespace: 'default', name: 'job' };
	const pod = await api.backend.create('Pod', { ...podNamed('job'), metadata: key });
	const terminated = { exitCode: 4, containerID: 'docker://a', startedAt: '2030-01-01T00:00:00Z' };
	const status = { phase: 'Failed', containerStatuses: [{ name: 'main', state: { terminated } }] };
	await api.backend.update('Pod', { ...pod, status }, { subresource: 'status' });
	const log = new PassThrough();
	api.backend.logTexts.set('default/job', log);
	const stdout = new PassThrough();
	const io: Io = {
		stdin: new PassThrough(),
		stdout,
		stderr: new PassThrough(),
		env: {},
		cwd: '/',
		onSignal: () => () => {},
	};
	const feed = new PodFeed(api.client, [key]);
	await feed.start();
	const options = { progress: 'quiet', logPrefix: false, exitCodeFrom: 'main' };
	const code = attach(io, api.client, feed, [{ ...key, created: true }], options);

	await expect.poll(() => api.backend.lastLog).toBeDefined();
	// What was asked for beside it has come by now.
	await api.client.list('/api/v1/pods');
	expect((await api.backend.get('Pod', 'default', 'job')).metadata.deletionTimestamp).toBeUndefined();
	log.end('done\n');
	const isDeleted = async () => (await api.backend.get('Pod', 'default', 'job')).metadata.deletionTimestamp;
	await expect.poll(isDeleted).toBeDefined();
	api.backend.remove('Pod', 'default', 'job');
	expect(await code).toBe(4);
	expect(stdout.read()?.toString()).toBe('done\n');
	feed.close();
});
