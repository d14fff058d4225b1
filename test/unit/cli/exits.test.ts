/** The line that tells of a container's end while logs are followed. */
import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../../../src/api/types.ts';
import { exitLine } from '../../../src/cli/up/exits.ts';

const pod = { metadata: { name: 'p' }, spec: { containers: [] } } as unknown as Pod;
const ended = { exitCode: 3, reason: 'Error', containerID: 'docker://1' };
const status = (rest: Partial<ContainerStatus>): ContainerStatus =>
	({ name: 'web', image: 'x', imageID: '', ready: false, restartCount: 0, ...rest }) as ContainerStatus;

describe('the end of a container', () => {
	it('tells the code, the reason, and that it is started again', () => {
		const again = status({ state: { running: {} }, lastState: { terminated: ended } });
		expect(exitLine(pod, again, 'docker://1')).toBe('web exited with code 3 (Error), starting again');
	});

	it('tells how long the back-off is', () => {
		const message = 'back-off 20s restarting failed container=web pod=p_default(u)';
		const waiting = status({
			state: { waiting: { reason: 'CrashLoopBackOff', message } },
			lastState: { terminated: ended },
		});
		expect(exitLine(pod, waiting, 'docker://1')).toBe(
			'web exited with code 3 (Error), starting again after a back-off of 20s',
		);
	});

	it('promises nothing for one that stays down', () => {
		expect(exitLine(pod, status({ state: { terminated: ended } }), 'docker://1')).toBe(
			'web exited with code 3 (Error)',
		);
	});
});
