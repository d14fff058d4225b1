/**
 * Creation that may be done twice: the name of a container is the same for the same attempt, so a name that
 * is taken by an attempt of this very pod means that it was made already. One that belongs to an earlier pod
 * of the same name is a leftover and goes; any other holder is somebody else's, another supervisor's for instance.
 */
import { EngineError } from '../../engine/engine.ts';
import { INSTANCE, parseLabels } from '../../translate/names.ts';
import type { CreateOptions } from '../../translate/options.ts';
import type { PerformerParts } from './performer.ts';

/** Resolves with the id. `neighbours`: pods of other supervisors, see neighbours.ts. Throws EngineError as the engine does. */
export async function createOrAdopt(
	{ engine, neighbours }: Pick<PerformerParts, 'engine' | 'neighbours'>,
	options: CreateOptions,
): Promise<string> {
	try {
		return (await engine.createContainer(options)).id;
	} catch (error) {
		if (!(error instanceof EngineError) || error.code !== 'CONFLICT') throw error;
		const holder = await engine.inspectContainer(options.name).catch(() => undefined);
		const wanted = parseLabels(options.labels);
		const found = holder === undefined ? undefined : parseLabels(holder.labels);
		if (holder === undefined || found === undefined || found.instance !== options.labels[INSTANCE])
			throw error;
		const same =
			found.pod.uid === wanted?.pod.uid && found.hash === wanted.hash && found.sandboxID === wanted.sandboxID;
		if (same) return holder.id;
		const elsewhere = (await neighbours()).pods.get(found.pod.uid);
		if (elsewhere !== undefined) {
			const whose = `a pod of the same name that another supervisor looks after (${elsewhere})`;
			throw new EngineError('CONFLICT', `${options.name} is a container of ${whose}: see podrun doctor`);
		}
		await engine.removeContainer(holder.id, { force: true });
		return (await engine.createContainer(options)).id;
	}
}
