/** What a client asks of a write beside the object: in the query, and for a deletion in the body as well. */
import type { DeleteOptions, UpdateOptions } from '../api/backend.ts';
import { badRequest } from '../api/errors.ts';
import { type Exchange, isRecord, readObject } from './exchange.ts';

/** profile and dryRun of a write. Throws 400. */
export function writeOptions(exchange: Exchange): UpdateOptions {
	return { profile: exchange.profile, dryRun: isDryRun(exchange.query.getAll('dryRun')) };
}

function isDryRun(values: readonly string[]): boolean {
	for (const value of values) {
		if (value !== 'All') {
			throw badRequest(
				`invalid dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`,
			);
		}
	}
	return values.length > 0;
}

/** DeleteOptions: of the query and of the body, where the body wins. Throws 400. */
export async function deleteOptions(exchange: Exchange): Promise<DeleteOptions> {
	const body = (await readObject(exchange)) ?? {};
	return deleteOptionsOf(exchange, body);
}

/** DeleteOptions out of a parsed body (an Eviction carries them too). */
export function deleteOptionsOf(exchange: Exchange, body: Record<string, unknown>): DeleteOptions {
	const asked = exchange.query.get('gracePeriodSeconds');
	const grace = body.gracePeriodSeconds ?? (asked === null || asked === '' ? undefined : Number(asked));
	if (grace !== undefined && grace !== null && (!Number.isInteger(grace) || (grace as number) < 0)) {
		throw badRequest(`gracePeriodSeconds: Invalid value: ${String(grace)}: must be a non-negative integer`);
	}
	const dryRun = Array.isArray(body.dryRun) ? body.dryRun.map(String) : [];
	const given = isRecord(body.preconditions) ? body.preconditions : {};
	const preconditions = {
		...(typeof given.uid === 'string' ? { uid: given.uid } : {}),
		...(typeof given.resourceVersion === 'string' ? { resourceVersion: given.resourceVersion } : {}),
	};
	return {
		...writeOptions(exchange),
		dryRun: isDryRun([...exchange.query.getAll('dryRun'), ...dryRun]),
		...(grace === undefined || grace === null ? {} : { gracePeriodSeconds: grace as number }),
		...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
	};
}
