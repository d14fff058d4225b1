/** The contract of `Engine`. Images: what is there, and how a pull, a load and a removal fail. */
import { expect, it } from 'vitest';
import { BUSYBOX, code, eachEngine } from '../../support/contract.ts';

eachEngine('images', (s) => {
	it('tells what it has', async () => {
		const image = await s.engine.inspectImage(BUSYBOX);
		expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
		expect(image?.tags).toContain(BUSYBOX);
		expect(await s.engine.inspectImage(image?.id ?? '')).toMatchObject({ id: image?.id });
	});

	it('fails a pull whose registry does not answer, and one of a name that is none', async () => {
		await expect(s.engine.pullImage('127.0.0.1:1/podrun-test:1', {})).rejects.toEqual(
			code('REGISTRY_UNREACHABLE'),
		);
		await expect(s.engine.pullImage('Not/A Name', {})).rejects.toEqual(code('BAD_REQUEST'));
	});

	it('refuses an archive that is no image', async () => {
		await expect(s.engine.loadImage(Buffer.from('junk'))).rejects.toThrow(/unexpected EOF/);
	});

	it('refuses to remove what is not there', async () => {
		await expect(s.engine.removeImage('podrun-test/absent:1')).rejects.toEqual(code('IMAGE_NOT_FOUND'));
	});
});
