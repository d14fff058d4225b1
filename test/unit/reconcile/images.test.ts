/** Images that are missing, pulled, or can not be had. */
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../src/api/types.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import type { ObservedPod, Settings } from '../../../src/reconcile/observed.ts';
import { container, decided, exited, LOCAL, observe, pod, SETTINGS, T0 } from './builders.ts';

describe('images', () => {
	const here = (image: string) => new Map([[image, { ref: image, id: 'sha256:x' }]]);
	const gone = (image: string) => new Map([[image, { ref: image }]]);
	const one = (image: string, imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never') =>
		pod({ containers: [container('main', { image, imagePullPolicy })] });
	const create = 'CreateContainer container=main attempt=0 backoffMs=0 sandboxID=pause0';
	const pull = (image: string, fallback: boolean) =>
		`PullImage image=${image} container=main attempt=0 fallback=${fallback}`;

	const cases: [string, Pod, Partial<ObservedPod>, Settings, string[]][] = [
		[
			'IfNotPresent takes what is there',
			one('a:1', 'IfNotPresent'),
			{ images: here('a:1') },
			SETTINGS,
			[create],
		],
		[
			'IfNotPresent pulls what is absent',
			one('a:1', 'IfNotPresent'),
			{ images: gone('a:1') },
			SETTINGS,
			[pull('a:1', false)],
		],
		['Never never pulls', one('a:1', 'Never'), { images: gone('a:1') }, SETTINGS, []],
		[
			'Always pulls what is there',
			one('a:1', 'Always'),
			{ images: here('a:1') },
			SETTINGS,
			[pull('a:1', false)],
		],
		[
			'Always with latest falls back locally',
			one('a', 'Always'),
			{ images: here('a') },
			LOCAL,
			[pull('a', true)],
		],
		[
			'Always with latest is strict for Kubernetes',
			one('a', 'Always'),
			{ images: here('a') },
			SETTINGS,
			[pull('a', false)],
		],
		[
			'Always goes on once it was pulled for this attempt',
			one('a:1', 'Always'),
			{ images: here('a:1'), pulled: new Map([['main', { attempt: 0, at: T0 }]]) },
			SETTINGS,
			[create],
		],
		['an invalid name is not even tried', one('A/B:1', 'Always'), { images: gone('A/B:1') }, SETTINGS, []],
	];
	it.each(cases)('%s', (_name, of, more, settings, expected) => {
		expect(decided(of, observe(of, [], more), settings)).toEqual(expected);
	});

	it('pulls again for each restart under Always', () => {
		const always = one('a:1', 'Always');
		const pulled = new Map([['main', { attempt: 0, at: T0 }]]);
		const observed = observe(always, [exited(always, 'main', 1)], { images: here('a:1'), pulled });
		expect(decided(always, observed)).toEqual([
			'PullImage image=a:1 container=main attempt=1 fallback=false',
		]);
	});

	it('waits between pulls that fail', () => {
		const bad = one('a:1', 'IfNotPresent');
		const failures = new Map([['image:a:1', { reason: 'ErrImagePull', message: 'no', count: 2, at: T0 }]]);
		const decision = decide(bad, observe(bad, [], { images: gone('a:1'), failures }), SETTINGS);
		expect(decision.actions).toEqual([]);
		expect(decision.wakeAt).toBe(T0 + 20_000);
	});
});
