/**
 * `podrun doctor`: looks at everything that podrun stands on and says what to do about what is not well. Exit code
 * 1 when there is a problem; warnings leave it 0.
 */
import type { Check } from '../../api/checkup.ts';
import { UserError } from '../../api/errors.ts';
import { type Io, print } from '../io.ts';
import { usage } from '../output/errors.ts';
import { toJson } from '../output/serialize.ts';
import { withClient } from '../session.ts';

const SIGNS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

export async function run(io: Io, options: { readonly output?: string }): Promise<number> {
	if (options.output !== undefined && options.output !== 'json') {
		throw usage(`--output must be 'json', not "${options.output}"`);
	}
	const checks = await lookAll(io);
	if (options.output === 'json') print(io, toJson({ checks }));
	else for (const check of checks) for (const line of told(check)) print(io, line);
	return checks.some(({ state }) => state === 'problem') ? 1 : 0;
}

/** Without a supervisor there is one check: why there is none. */
async function lookAll(io: Io): Promise<readonly Check[]> {
	try {
		return await withClient(io, async (client) => {
			const { checks } = await client.request<{ checks: readonly Check[] }>('GET', '/podrun/v1/checkup');
			return [{ name: 'supervisor', state: 'ok', message: 'it answers' }, ...checks] as const;
		});
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		const name = error.code === 'ENGINE_UNREACHABLE' || error.code === 'ENGINE' ? 'engine' : 'supervisor';
		const mend = error.hint ?? 'see `podrun supervisor logs`';
		return [{ name, state: 'problem', message: error.message, mend }];
	}
}

function told({ name, state, message, mend }: Check): string[] {
	const line = `${SIGNS[state]}  ${name.padEnd(12)}  ${message}`;
	return mend === undefined ? [line] : [line, `${' '.repeat(23)}→ ${mend}`];
}
