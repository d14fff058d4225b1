/** The engine's answers in our words, odd ones included. */
import { expect, it } from 'vitest';
import { toContainer, toEvent, toInfo, toPathStat, toStats } from '../../../src/engine/shapes.ts';

const container = { Id: 'i', Name: '/n', Created: '2026-01-01T00:00:00.5Z', Image: 'sha256:x' };

it('takes the zero time for never, and SIGTERM where nothing is said', () => {
	const zero = '0001-01-01T00:00:00Z';
	const seen = toContainer({ ...container, State: { Status: 'created', StartedAt: zero, FinishedAt: zero } });
	expect(seen).toMatchObject({
		name: 'n',
		createdAt: Date.parse(container.Created),
		stopSignal: 'SIGTERM',
		labels: {},
	});
	expect(seen).not.toHaveProperty('startedAt');
	expect(seen).not.toHaveProperty('finishedAt');
});

it('lets no container finish before it started', () => {
	const state = { StartedAt: '2026-01-01T00:00:01.848Z', FinishedAt: '2026-01-01T00:00:01.845Z' };
	const dead = toContainer({ ...container, State: { ...state, Status: 'exited' } });
	expect(dead.finishedAt).toBe(dead.startedAt);
	const again = toContainer({ ...container, State: { ...state, Status: 'running' } });
	expect(again.finishedAt).toBe(Date.parse(state.FinishedAt));
});

it("keeps an exec's command out of its event", () => {
	const event = toEvent({
		Type: 'container',
		Action: 'exec_start: mysql -phunter2',
		timeNano: 1_700_000_000_123_456_000,
	});
	expect(event).toMatchObject({ action: 'exec_start', at: 1_700_000_000_123 });
	expect(toEvent({ Type: 'plugin', Action: 'enable' })).toBeUndefined();
});

it('is local only where kernel and socket are ours', () => {
	const json = { KernelVersion: '6.1', Architecture: 'aarch64', CgroupVersion: '2' };
	expect(toInfo(json, '1.41', true, '6.1')).toMatchObject({ local: true, arch: 'arm64', cgroupVersion: '2' });
	expect(toInfo(json, '1.41', true, '25.0').local).toBe(false);
	expect(toInfo(json, '1.41', false, '6.1').local).toBe(false);
});

it('tells what the control groups can not limit', () => {
	expect(
		toInfo({ MemoryLimit: true, CpuCfsQuota: true, PidsLimit: true }, '1.41', true, ''),
	).not.toHaveProperty('unlimited');
	// As an engine said whose cgroup v2 had no controllers.
	const none = { CgroupVersion: '2', MemoryLimit: false, CpuCfsQuota: false, PidsLimit: false };
	expect(toInfo(none, '1.51', true, '').unlimited).toEqual(['memory', 'CPU', 'processes']);
});

it('counts memory without inactive file pages, on both cgroup versions', () => {
	expect(toStats({ memory_stats: { usage: 100, stats: { total_inactive_file: 40 } } }, 5).memoryBytes).toBe(
		60,
	);
	expect(toStats({ memory_stats: { usage: 100, stats: { inactive_file: 30 } } }, 5)).toMatchObject({
		memoryBytes: 70,
		at: 5,
	});
});

it("turns Go's mode bits into those of stat", () => {
	const stat = (mode: number): number =>
		toPathStat(Buffer.from(JSON.stringify({ name: 'x', size: 0, mode })).toString('base64')).mode;
	expect(stat(0o644)).toBe(0o100644);
	expect(stat(2 ** 31 + 2 ** 20 + 0o777)).toBe(0o041777);
	expect(stat(2 ** 27 + 0o777)).toBe(0o120777);
	expect(stat(2 ** 23 + 0o755)).toBe(0o104755);
});
