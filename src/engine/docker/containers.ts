/** Containers through the Docker Engine API: their life, their figures, their logs, and sessions in them. */
import { createBody, resourcesBody } from '../create-body.ts';
import type { Engine } from '../engine.ts';
import { startAttach, startExec } from '../sessions.ts';
import * as shapes from '../shapes.ts';
import { demultiplex, raw } from '../streams.ts';
import type { Transport } from '../transport.ts';
import { absent, containerPath, filters, reading, seconds } from './requests.ts';

type Verbs = Pick<
	Engine,
	| 'createContainer'
	| 'startContainer'
	| 'killContainer'
	| 'unpauseContainer'
	| 'updateContainer'
	| 'removeContainer'
	| 'inspectContainer'
	| 'listContainers'
	| 'stats'
	| 'writtenBytes'
	| 'top'
	| 'logs'
	| 'exec'
	| 'attach'
>;

/** See `Engine` for each; `apiVersion` decides what a create may ask for. */
export function containerVerbs(transport: Transport, apiVersion: string): Verbs {
	const inspectContainer: Engine['inspectContainer'] = async (id) =>
		shapes.toContainer(
			await transport.json<shapes.ContainerJson>({ method: 'GET', path: containerPath(id, '/json') }),
		);

	/** Whether the engine knows the container when it is asked for that one. */
	const isThere = async (id: string): Promise<boolean> =>
		(await absent(() => inspectContainer(id))) !== undefined;

	return {
		inspectContainer,

		async createContainer(options) {
			const created = await transport.json<{ Id: string; Warnings?: string[] | null }>({
				method: 'POST',
				path: '/containers/create',
				query: { name: options.name },
				body: createBody(options, apiVersion),
				fresh: true,
			});
			return { id: created.Id, warnings: created.Warnings ?? [] };
		},

		async startContainer(id) {
			// Started twice is told as NOT_MODIFIED, so a second try does no harm.
			const path = containerPath(id, '/start');
			await transport.json({ method: 'POST', path, idempotent: true, fresh: true });
		},

		async killContainer(id, signal) {
			await transport.json({ method: 'POST', path: containerPath(id, '/kill'), query: { signal } });
		},

		async unpauseContainer(id) {
			await transport.json({ method: 'POST', path: containerPath(id, '/unpause') });
		},

		async updateContainer(id, resources) {
			await transport.json({
				method: 'POST',
				path: containerPath(id, '/update'),
				body: resourcesBody(resources),
				idempotent: true,
			});
		},

		async removeContainer(id, { force }) {
			await transport.json({ method: 'DELETE', path: containerPath(id), query: { v: true, force } });
		},

		async listContainers(labels) {
			const query = { all: true, filters: filters({ label: labels }) };
			const list = await transport.json<shapes.SummaryJson[]>({
				method: 'GET',
				path: '/containers/json',
				query,
			});
			const there = await Promise.all(list.map(async (one) => !isGhost(one) || (await isThere(one.Id))));
			return list.filter((_, index) => there[index]).map(shapes.toSummary);
		},

		async stats(id) {
			const query = { stream: false, 'one-shot': true };
			const path = containerPath(id, '/stats');
			return shapes.toStats(
				await transport.json<shapes.StatsJson>({ method: 'GET', path, query }),
				Date.now(),
			);
		},

		async writtenBytes(id) {
			const query = { size: true };
			const path = containerPath(id, '/json');
			return (await transport.json<{ SizeRw?: number }>({ method: 'GET', path, query })).SizeRw ?? 0;
		},

		async top(id) {
			const json = await transport.json<{ Titles?: string[]; Processes?: string[][] | null }>({
				method: 'GET',
				path: containerPath(id, '/top'),
			});
			return [json.Titles ?? [], ...(json.Processes ?? [])];
		},

		async *logs(id, options, signal) {
			// Only newer engines tell in a header whether the stream is multiplexed.
			const { tty } = await inspectContainer(id);
			const stream = await transport.stream({
				method: 'GET',
				path: containerPath(id, '/logs'),
				query: {
					follow: options.follow ?? false,
					stdout: options.stdout ?? true,
					stderr: options.stderr ?? true,
					timestamps: options.timestamps ?? false,
					tail: options.tail,
					since: seconds(options.since),
					until: seconds(options.until),
				},
				...(signal ? { signal } : {}),
			});
			yield* reading(transport.address, stream, tty ? raw(stream) : demultiplex(stream), signal);
		},

		exec: (id, options, signal) => startExec(transport, id, options, signal),
		attach: (id, options, signal) => startAttach(transport, id, options, signal),
	};
}

/**
 * Whether a list may name what is gone. Of 300 containers that were removed at once, Docker 20.10 was seen to list one
 * without a name as `removing` until its own next start, while it answered "no such container" to everything else.
 */
function isGhost({ State, Names }: shapes.SummaryJson): boolean {
	return State === 'removing' && (Names ?? []).length === 0;
}
