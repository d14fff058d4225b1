/** What is learned of an engine that may not lower oom_score_adj, by the starts that fail for it. */
import { expect, it } from 'vitest';
import { Journal } from '../../../../src/supervisor/journal.ts';
import { failedForOomScore, noteOomScore } from '../../../../src/supervisor/perform/oom-score.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const made = { name: 'c', image: 'i', labels: {}, networkMode: 'none' };

function engine() {
	const node = { name: 'n', ip: '', cpus: 1, memoryBytes: 1, apiVersion: '1.41', oomScoreAllowed: true };
	const journal = new Journal();
	const fails = (id: string, message: string) =>
		failedForOomScore({ node, log }, journal, id, new Error(message));
	return { node, journal, fails };
}

it.each([
	"runc create failed: unable to start container process: can't get final child's PID from pipe: EOF: unknown",
	'OCI runtime create failed: write to `/proc/self/oom_score_adj`: Permission denied',
])('the first such failure is the lesson: %s', (message) => {
	const { node, fails } = engine();
	expect(fails('a', 'no such file or directory')).toBe(false);
	expect(node.oomScoreAllowed).toBe(true);
	expect(fails('a', message)).toBe(true);
	expect(node.oomScoreAllowed).toBe(false);
	expect(fails('b', message)).toBe(false);
});

it('one that was made before the lesson is forgiven, though a look in between did not see it yet', () => {
	const { journal, fails } = engine();
	for (const id of ['a', 'b']) noteOomScore(journal, id, { ...made, oomScoreAdj: -998 });
	noteOomScore(journal, 'c', { ...made, oomScoreAdj: 1000 });
	journal.prune(new Set());
	const told = ['a', 'b', 'c'].map((id) => fails(id, 'write /proc/self/oom_score_adj: permission denied'));
	expect(told).toEqual([true, true, false]);
});
