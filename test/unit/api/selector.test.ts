import { describe, expect, it } from 'vitest';
import {
	matchesFields,
	matchesLabels,
	parseFieldSelector,
	parseLabelSelector,
} from '../../../src/api/selector.ts';

const LABELS = { app: 'web', tier: 'front', 'example.com/size': '3' };

describe('a label selector', () => {
	it.each([
		['', true],
		['app=web', true],
		['app==web', true],
		['app = web , tier=front', true],
		['app=db', false],
		['app!=db', true],
		['absent!=x', true],
		['app in (db, web)', true],
		['app notin (db,web)', false],
		['absent notin (a)', true],
		['app', true],
		['!app', false],
		['!absent', true],
		['example.com/size>2', true],
		['example.com/size<3', false],
		['app in (web),tier notin (back),!old', true],
		['app=', false],
	])('%j matches: %s', (text, matches) => {
		expect(matchesLabels(parseLabelSelector(text), LABELS)).toBe(matches);
	});

	it.each(['app=web=x', 'app in web', ',', 'a=b,', 'app in (x', '=x', '-bad=x', 'app=-bad', 'a>b'])(
		'%j is refused',
		(text) => {
			expect(() => parseLabelSelector(text)).toThrow(/unable to parse requirement/);
		},
	);
});

describe('a field selector', () => {
	const pod = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'web', namespace: 'default' },
		status: { phase: 'Running' },
	};

	it.each([
		['status.phase=Running', true],
		['status.phase!=Running', false],
		['metadata.name==web,metadata.namespace=default', true],
		['spec.nodeName=', true],
		['spec.hostNetwork=false', true],
	])('%j matches: %s', (text, matches) => {
		expect(matchesFields(parseFieldSelector(text, 'Pod'), pod)).toBe(matches);
	});

	it('selects events by the object that they are about', () => {
		const event = {
			apiVersion: 'v1',
			kind: 'Event',
			metadata: { name: 'web.1' },
			involvedObject: { name: 'web', kind: 'Pod' },
			source: { component: 'podrun' },
		};
		const requirements = parseFieldSelector('involvedObject.name=web,source=podrun', 'Event');
		expect(matchesFields(requirements, event)).toBe(true);
	});

	it('refuses a field that the kind is not selected by', () => {
		expect(() => parseFieldSelector('spec.image=x', 'Pod')).toThrow('field label not supported: spec.image');
	});
});
