/**
 * The termination message of a container that has ended: what it wrote to its terminationMessagePath, or the
 * end of its log when it failed and asked for that. Bounds are Kubernetes': 4096 bytes, of a log 2048 or
 * 80 lines.
 */
import type { ReadMessage } from '../../reconcile/action.ts';
import { allContainers } from '../../translate/volumes.ts';
import type { Deed, PerformerParts } from './performer.ts';

const FILE_BYTES = 4096;
const LOG_BYTES = 2048;
const LOG_LINES = 80;

/** Reads the termination message of a container that has ended into the journal. */
export async function readMessage(parts: PerformerParts, deed: Deed, action: ReadMessage): Promise<void> {
	const { pod, observed, journal } = deed;
	const known = parts.inventory.find(action.id)?.observed;
	if (known === undefined) return;
	let message = '';
	try {
		message = await parts.volumes.readMessage(
			pod,
			{ container: known.name, attempt: known.attempt },
			observed.sandboxes[0]?.id,
			FILE_BYTES,
		);
		const policy = allContainers(pod).find(({ name }) => name === known.name)?.terminationMessagePolicy;
		if (message === '' && policy === 'FallbackToLogsOnError' && known.exitCode !== 0)
			message = await logEnd(parts, action.id);
	} catch (error) {
		// A message that can't be read must not keep the pod from its end.
		parts.log.info('termination message', { pod: pod.metadata.name, container: known.name, error });
	}
	journal.messages.set(action.id, message);
}

async function logEnd(parts: PerformerParts, id: string): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const { data } of parts.engine.logs(id, { tail: LOG_LINES })) chunks.push(data);
	const text = Buffer.concat(chunks);
	return text.subarray(Math.max(text.length - LOG_BYTES, 0)).toString();
}
