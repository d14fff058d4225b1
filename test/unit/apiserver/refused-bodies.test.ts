/** What a client sees whose body is refused while it still writes. */
import { expect, it } from 'vitest';
import { serveMemory } from '../../support/api-fixture.ts';
import { ask } from '../../support/raw-http.ts';

it('a body that is too long is read to its end, so that its client gets to read why', async () => {
	await using api = await serveMemory();
	const chunk = Buffer.alloc(1024 * 1024, 'x');
	const answer = await ask(api.socket, {
		method: 'POST',
		path: '/api/v1/namespaces/default/pods',
		headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
		async body(write) {
			for (let n = 0; n < 16; n += 1) expect(await write(chunk)).toBe(true);
		},
	});
	expect(answer.code).toBe(413);
	expect(answer.body).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge' });
	// The connection is whole: nothing of the request is left in it.
	expect(answer.headers['connection']).toBe('keep-alive');
});
