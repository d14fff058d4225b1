import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { tar } from '../../../src/translate/tar.ts';

const listed = (archive: Buffer): string[] => {
	const { stdout, status } = spawnSync('tar', ['-tv', '--numeric-owner', '--utc', '-f', '-'], {
		input: archive,
	});
	expect(status).toBe(0);
	return stdout.toString().trim().split('\n');
};

describe('an archive', () => {
	it('is read by tar with modes, owners and links', () => {
		const lines = listed(
			tar(
				[
					{ path: 'd', type: 'directory', mode: 0o2777, uid: 0, gid: 2345 },
					{ path: 'd/f', type: 'file', mode: 0o640, uid: 5, gid: 6, content: Buffer.from('x'.repeat(513)) },
					{ path: '..data', type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: '..2026' },
				],
				1_700_000_000,
			),
		);
		expect(lines).toEqual([
			expect.stringMatching(/^drwxrwsrwx 0\/2345 +0 2023-11-14 22:13 d\/$/),
			expect.stringMatching(/^-rw-r----- 5\/6 +513 2023-11-14 22:13 d\/f$/),
			expect.stringMatching(/^lrwxrwxrwx 0\/0 +0 2023-11-14 22:13 \.\.data -> \.\.2026$/),
		]);
	});

	it.each([90, 100, 101, 250, 990])('takes paths of %i characters, and large owners', (length) => {
		const path = `${'p'.repeat(40)}/${'ä'.repeat(Math.floor((length - 41) / 2))}`;
		const lines = listed(tar([{ path, type: 'file', mode: 0o600, uid: 3_000_000_000, gid: 1 }], 0));
		expect(lines).toHaveLength(1);
		expect(lines[0]).toContain('3000000000/1');
	});

	it('is the same for the same files', () => {
		const entries = [
			{ path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, content: Buffer.from('1') },
		] as const;
		expect(tar(entries, 7).equals(tar(entries, 7))).toBe(true);
	});
});
