import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/api/types.ts';
import { containerEnv } from '../../../src/translate/env.ts';
import { envFilesOf } from '../../../src/translate/env-files.ts';
import { ConfigError } from '../../../src/translate/errors.ts';
import { contextOf, podOf, refsOf } from '../../support/translate.ts';

const of = (key: string, optional?: boolean) => ({
	name: key,
	valueFrom: { fileKeyRef: { volumeName: 'config', path: 'app.env', key, optional } },
});

/** The environment of a container that takes `keys` from a file with this text; no text: no such file. */
function envOf(text: string | undefined, ...env: object[]): Record<string, string> {
	const pod = podOf({}, { env } as Partial<Container>);
	const envFiles = new Map(text === undefined ? [] : [['config/app.env', text]]);
	const context = contextOf({ refs: refsOf({}), envFiles });
	return Object.fromEntries(containerEnv(pod, pod.spec.containers[0] as Container, context).options);
}

describe('variables from files of an emptyDir', () => {
	it.each([
		['plain', "KEY='value'\n", 'value'],
		['as it is', 'KEY=\'$HOME \\n "x" # no comment $(A)\'\n', '$HOME \\n "x" # no comment $(A)'],
		['over lines', "KEY='one\n  two\n'\n", 'one\n  two\n'],
		['commented', "# all\n\n   KEY='v'   # why\n", 'v'],
		['after another of several lines', "OTHER='a\nKEY=b'\nKEY='c'\n", 'c'],
		['empty', "KEY=''\n", ''],
		['nothing before a blank, as in a shell', "KEY= 'v'\n", ''],
		['without a line end', "KEY='v'", 'v'],
		['the first of two', "KEY='1'\nKEY='2'\n", '1'],
	])('are read: %s', (_, text, value) => {
		expect(envOf(text, of('KEY'))).toEqual({ KEY: value });
	});

	it.each([
		["A='1'\nnonsense\nKEY='v'", "at line 2: missing '='"],
		["='v'", 'at line 1: empty variable name'],
		["KEY ='v'", "at line 1: whitespace before '=' is not allowed"],
		['KEY=v', 'at line 1: value must be enclosed in single quotes'],
		['KEY="v"', 'at line 1: value must be enclosed in single quotes'],
		["KEY='v' w", 'at line 1: unexpected content after closing quote'],
		["A='1'\nKEY='v\nw", 'starting at line 2: unclosed single quote'],
	])('%j is refused', (text, why) => {
		expect(() => envOf(text, of('KEY'))).toThrow(why);
		expect(() => envOf(text, of('KEY', true))).toThrow(ConfigError);
	});

	it('keep the container waiting while file or key is missing, unless they are optional', () => {
		expect(() => envOf(undefined, of('KEY'))).toThrow('file "app.env" not found in volume "config"');
		expect(() => envOf("A='1'", of('KEY'))).toThrow(
			'environment variable key "KEY" not found in file "app.env"',
		);
		expect(envOf(undefined, of('KEY', true), { name: 'B', value: 'b' })).toEqual({ B: 'b' });
		expect(envOf("A='1'", of('KEY', true), of('A'))).toEqual({ A: '1' });
	});

	it('may be named by later variables', () => {
		expect(envOf("A='1'", of('A'), { name: 'B', value: '<$(A)>' })).toEqual({ A: '1', B: '<1>' });
	});

	it('name each file once', () => {
		const container = podOf({}, { env: [of('A'), of('B')] }).spec.containers[0] as Container;
		expect(envFilesOf(container)).toEqual([{ volume: 'config', path: 'app.env' }]);
	});
});
