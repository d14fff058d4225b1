/** A failed pod told to the user: the cause, the last lines of the log, and what to do next. */
import type { Pod } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { openLog } from '../commands/logs.ts';
import { statusesOf } from '../containers.ts';
import type { PodFailure } from './verdict.ts';

const LINES = 10;

/** Lines for stderr. */
export async function failureLines(
	client: Client,
	pod: Pod,
	failure: PodFailure,
): Promise<readonly string[]> {
	const { name, namespace } = pod.metadata;
	const inNamespace = namespace && namespace !== 'default' ? ` -n ${namespace}` : '';
	const lines = [`error: pod/${name}: ${failure.cause}`];
	if (failure.container === undefined) {
		if (!failure.sandbox) {
			lines.push(`  podrun describe pod ${name}${inNamespace} tells the story`);
		}
		return lines;
	}
	const log = await lastLines(client, pod, failure.container);
	if (log.length > 0) {
		lines.push(`  last lines of its log:`, ...log.map((line) => `    ${line}`));
	} else {
		lines.push('  it has logged nothing');
	}
	lines.push(
		`  podrun logs ${name} -c ${failure.container}${inNamespace} and podrun describe pod ${name}${inNamespace} tell more`,
	);
	return lines;
}

/** Of the attempt that ended last; empty when there is no log to be had. */
async function lastLines(client: Client, pod: Pod, container: string): Promise<readonly string[]> {
	const status = statusesOf(pod).find(({ name }) => name === container);
	const source = { pod: pod.metadata.name, namespace: pod.metadata.namespace ?? 'default', container };
	const previous = status?.state?.running !== undefined;
	for (const query of previous ? [{ previous: true }] : [{}, { previous: true }]) {
		try {
			const chunks: Buffer[] = [];
			for await (const chunk of await openLog(client, source, { ...query, tailLines: LINES })) {
				chunks.push(chunk as Buffer);
			}
			const text = Buffer.concat(chunks).toString('utf8').trimEnd();
			if (text !== '') {
				return text.split('\n').slice(-LINES);
			}
		} catch {
			// No such attempt any more: the other one may have a log.
		}
	}
	return [];
}
