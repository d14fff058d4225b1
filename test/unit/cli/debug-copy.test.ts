/** The pod that `debug --copy-to` makes, and which flags go together: as kubectl does it. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/api/types.ts';
import {
	type CopyOptions,
	checkCopyFlags,
	copyOf,
	type DebugContainer,
} from '../../../src/cli/debug-copy.ts';

const TRACING = { capabilities: { add: ['SYS_PTRACE'] } };
const probe = { exec: { command: ['true'] } };
const ORIGINAL: Pod = {
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: { name: 'orig', namespace: 'shop', uid: 'u', labels: { app: 'a' }, annotations: { note: 'x' } },
	spec: {
		nodeName: 'vm',
		initContainers: [{ name: 'init', image: 'i:1', startupProbe: probe }],
		containers: [
			{ name: 'app', image: 'a:1', args: ['serve'], livenessProbe: probe, readinessProbe: probe },
			{ name: 'side', image: 's:1' },
		],
		ephemeralContainers: [{ name: 'look', image: 'b:1' }],
	},
	status: { phase: 'Running' },
};

function copied(options: CopyOptions, debug: Partial<DebugContainer> = {}) {
	const whole = { command: [], fields: {}, ...debug };
	return copyOf(ORIGINAL, { copyTo: 'copy', ...options }, whole, () => 'debugger-1');
}

describe('the copy', () => {
	test('has what makes the pod run, and nothing that makes it found, judged or placed', () => {
		const { pod, container } = copied({}, { image: 'b:1', command: ['sh'], fields: { stdin: true } });
		expect(container).toBe('debugger-1');
		expect(pod).toEqual({
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: { name: 'copy', namespace: 'shop' },
			spec: {
				shareProcessNamespace: true,
				initContainers: [{ name: 'init', image: 'i:1' }],
				containers: [
					{ name: 'app', image: 'a:1', args: ['serve'] },
					{ name: 'side', image: 's:1' },
					{
						name: 'debugger-1',
						image: 'b:1',
						terminationMessagePolicy: 'File',
						command: ['sh'],
						stdin: true,
						securityContext: TRACING,
					},
				],
			},
		});
		expect(ORIGINAL.spec.containers[0]?.livenessProbe).toEqual(probe);
	});

	test('keeps what it is told to keep', () => {
		const { pod } = copied(
			{ keepLabels: true, keepLiveness: true, keepInitContainers: 'false', shareProcesses: 'false' },
			{ image: 'b:1' },
		);
		expect(pod.metadata).toEqual({ name: 'copy', namespace: 'shop', labels: { app: 'a' } });
		expect(pod.spec.initContainers).toBeUndefined();
		expect(pod.spec.shareProcessNamespace).toBe(false);
		expect(pod.spec.containers[0]).toEqual({
			name: 'app',
			image: 'a:1',
			args: ['serve'],
			livenessProbe: probe,
		});
	});

	test("changes a container's command, whose arguments were for the old one", () => {
		const { pod, container } = copied({}, { container: 'app', command: ['sh'] });
		expect(container).toBe('app');
		expect(pod.spec.containers[0]).toEqual({
			name: 'app',
			image: 'a:1',
			command: ['sh'],
			securityContext: TRACING,
		});
		const { pod: other } = copied({ argumentsOnly: true }, { container: 'app', command: ['-v'] });
		expect(other.spec.containers[0]).toMatchObject({ name: 'app', image: 'a:1', args: ['-v'] });
		expect(other.spec.containers[0]?.command).toBeUndefined();
	});

	test('has other images, one by one or all, and then nothing to look into', () => {
		const { pod, container } = copied({ setImage: ['app=a:2,*=all:1'] });
		expect(pod.spec.containers.map(({ image }) => image)).toEqual(['a:2', 'all:1']);
		expect(container).toBeUndefined();
		expect(pod.metadata.labels).toEqual({ app: 'a' });
		expect(pod.spec.containers[0]?.livenessProbe).toEqual(probe);
		expect(pod.spec.shareProcessNamespace).toBeUndefined();
	});
});

test.each([
	[{ replace: true }, { image: 'x' }, '--replace may only be used with --copy-to.'],
	[{ setImage: ['a=b'] }, {}, '--set-image may only be used with --copy-to.'],
	[{}, {}, 'you must specify --image when not using --copy-to.'],
	[{ copyTo: 'c' }, {}, 'you must specify --image, --set-image or command arguments.'],
	[{ copyTo: 'c' }, { command: ['sh'] }, 'you must specify an existing container or a new image'],
	[{ copyTo: 'c', target: 't' }, { image: 'x' }, 'Use --share-processes instead.'],
	[{ copyTo: 'c' }, { image: 'x' }, undefined],
])('flags %j with %j', (options, debug, why) => {
	const check = () => checkCopyFlags(options, { command: [], fields: {}, ...debug });
	if (why === undefined) check();
	else expect(check).toThrow(why);
});
