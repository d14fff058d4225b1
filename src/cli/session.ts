/** A verb's connection to the supervisor, and the namespace that its flags name. */
import type { Client } from '../client/client.ts';
import { connect } from '../client/connect.ts';
import { type Io, say } from './io.ts';
import type { GlobalOptions } from './program.ts';

/** `default` when none is asked for. */
export function namespaceOf(options: GlobalOptions): string {
	return options.namespace ?? 'default';
}

/**
 * Runs `work` with a client of the supervisor, which is started when it is not there. Throws UserError
 * ENGINE_UNREACHABLE or SUPERVISOR when that can't be.
 */
export async function withClient<T>(io: Io, work: (client: Client) => Promise<T>): Promise<T> {
	const client = await connect({ env: io.env, onNotice: (notice) => say(io, notice) });
	try {
		return await work(client);
	} finally {
		client.close();
	}
}
