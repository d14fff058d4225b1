import { describe, expect, test } from 'vitest';
import { invalid, notFound, UserError } from '../../../../src/api/errors.ts';
import { tell, usage } from '../../../../src/cli/output/errors.ts';

describe('what goes wrong', () => {
	test("a missing object in kubectl's words", () => {
		expect(tell(notFound('pods', 'x'))).toEqual({
			text: 'Error from server (NotFound): pods "x" not found',
			exitCode: 1,
		});
	});

	test('one broken rule on one line, several as a list', () => {
		const cause = (field: string) => ({ reason: 'FieldValueRequired', field, message: 'Required value' });
		expect(tell(invalid('Pod', 'x', [cause('spec.a')])).text).toBe(
			'The Pod "x" is invalid: spec.a: Required value',
		);
		expect(tell(invalid('Pod', 'x', [cause('spec.a'), cause('spec.b')])).text).toBe(
			'The Pod "x" is invalid: \n* spec.a: Required value\n* spec.b: Required value',
		);
	});

	test('wrong usage ends with 2, a failure with 1, both without a stack', () => {
		expect(tell(usage('no', 'try this'))).toEqual({ text: 'error: no\n  try this', exitCode: 2 });
		expect(tell(new UserError('TIMEOUT', 'late'))).toEqual({ text: 'error: late', exitCode: 1 });
	});

	test('only a bug shows its stack', () => {
		const told = tell(new TypeError('boom'));
		expect(told.exitCode).toBe(1);
		expect(told.text).toMatch(/bug[\s\S]*TypeError: boom[\s\S]* at /);
	});
});
