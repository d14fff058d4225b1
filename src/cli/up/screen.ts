/**
 * Progress on the screen: live rows by listr2 on a terminal, a line per change without one, JSON lines for
 * programs, or nothing. All of it on stderr. Whoever shows logs next must `end` the screen first, since the
 * live one owns the cursor.
 */
import type { Io } from '../io.ts';
import { changedRows, jsonLine, plainLine, type Row } from '../output/progress.ts';
import type { PodFeed } from './feed.ts';
import { LiveRows } from './live-rows.ts';

export type ProgressKind = 'tty' | 'plain' | 'json' | 'quiet';

/** `auto` is a terminal's rows where stderr is one, else lines. */
export function progressKind(io: Io, asked: string): ProgressKind {
	if (asked === 'auto') {
		return io.stderr.isTTY && io.env.TERM !== 'dumb' ? 'tty' : 'plain';
	}
	return asked as ProgressKind;
}

export interface Screen {
	/** Stops drawing; what was shown stays. */
	end(): Promise<void>;
}

/** Shows the rows that `look` makes of the feed's picture after every change. */
export function openScreen(io: Io, kind: ProgressKind, feed: PodFeed, look: () => readonly Row[]): Screen {
	switch (kind) {
		case 'quiet':
			return { end: async () => {} };
		case 'tty':
			return openLive(io, feed, look);
		case 'plain':
			return openLines(io, feed, look, plainLine);
		case 'json':
			return openLines(io, feed, look, jsonLine);
	}
}

function openLines(io: Io, feed: PodFeed, look: () => readonly Row[], text: (row: Row) => string): Screen {
	let shown: readonly Row[] = [];
	const draw = () => {
		const rows = look();
		for (const row of changedRows(shown, rows)) {
			// That a container waits for its turn is no news.
			if (row.status !== 'waiting') {
				io.stderr.write(`${text(row)}\n`);
			}
		}
		shown = rows;
	};
	const off = feed.onChange(draw);
	draw();
	return {
		end: async () => {
			off();
		},
	};
}

function openLive(io: Io, feed: PodFeed, look: () => readonly Row[]): Screen {
	const live = new LiveRows(io, look());
	const off = feed.onChange(() => live.update(look()));
	return {
		end: async () => {
			off();
			live.update(look());
			await live.end();
		},
	};
}
