/** What a watch says: columns for people, events for programs. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Io } from '../../../../src/cli/io.ts';
import { Teller, told, toldFiles, toldList } from '../../../../src/cli/watch/teller.ts';

function screen(progress: string) {
	const stderr = new PassThrough().setEncoding('utf8');
	const teller = new Teller({ stderr } as unknown as Io, progress);
	return { teller, shown: () => (stderr.read() as string | null) ?? '' };
}

test('times stand in a column, what is to come has a dot, what went wrong a mark', () => {
	const { teller, shown } = screen('auto');
	teller.tell('changed', 'image of web changed: 1 container restarts, IP kept', { pod: 'shop' });
	teller.tell('synced', 'initial sync of pod/shop: 1 file to web', { milliseconds: 85 });
	teller.summary(1234, 'pod/shop done, Ready again after 2.3 s');
	teller.tell('applied', '', { milliseconds: 5 });
	teller.always('build failed', 'building app:dev failed: no\n  Step 1/2\nwhat runs runs on');
	expect(shown()).toBe(
		[
			'       ·  image of web changed: 1 container restarts, IP kept',
			'   85 ms  initial sync of pod/shop: 1 file to web',
			'   1.2 s  pod/shop done, Ready again after 2.3 s',
			'       !  building app:dev failed: no',
			'            Step 1/2',
			'          what runs runs on',
			'',
		].join('\n'),
	);
});

test('programs get an object for each event, and no lines', () => {
	const { teller, shown } = screen('json');
	teller.tell('synced', '', { pod: 'shop', milliseconds: 85 });
	teller.summary(85, 'a synced to web');
	expect(shown()).toBe('{"event":"synced","pod":"shop","milliseconds":85}\n');
});

test('the quiet hear of failures alone; what is held comes later', () => {
	const { teller, shown } = screen('quiet');
	teller.hold();
	teller.tell('synced', 'a synced to web', { milliseconds: 85 });
	teller.always('failed', 'no');
	expect(shown()).toBe('');
	teller.release();
	expect(shown()).toBe('       !  no\n');
});

test('times, files and lists in words', () => {
	expect([told(84.6), told(999), told(1000), told(61_000)]).toEqual(['85 ms', '999 ms', '1.0 s', '61.0 s']);
	expect([toldFiles(['a', 'b']), toldFiles(['a', 'b', 'c'])]).toEqual(['a and b', '3 files']);
	expect([toldList(['a']), toldList(['a', 'b', 'c'])]).toEqual(['a', 'a, b and c']);
});
