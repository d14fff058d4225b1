/** One batch on pods that run: rebuilds, syncs, restarts, execs, in this order; a rebuild that fails ends it. */
import { basename } from 'node:path';
import { PassThrough } from 'node:stream';
import { ApiError, UserError } from '../../api/errors.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { runRemote } from '../remote-process.ts';
import type { PodFeed } from '../up/feed.ts';
import type { BuildRule } from './annotations.ts';
import { buildImage } from './build.ts';
import { type ApplyContext, tellReady } from './manifest-change.ts';
import { attemptIds, podOf } from './readiness.ts';
import type { ArmedBuild, Batch, SyncWork } from './rules.ts';
import { type Teller, toldFiles, toldList } from './teller.ts';
import { podPath, type Transferred, transfer } from './transfer.ts';

export interface WorkContext {
	readonly client: Client;
	readonly feed: PodFeed;
	readonly teller: Teller;
	readonly signal: AbortSignal;
	readonly later: ApplyContext['later'];
	readonly builds: readonly ArmedBuild[];
}

/** A step as the classic builder tells it, and as BuildKit does: `[base 2/3] RUN …`. */
const STEP = /^(Step \d+\/\d+|\[[^\]]*\d+\/\d+\])/;
/** Lines of a build's output that are shown when it fails. */
const TAIL = 15;

/** `since`: when the first of the files changed, ms since the epoch. Throws ApiError, UserError. */
export async function performBatch(context: WorkContext, batch: Batch, since: number): Promise<void> {
	for (const build of batch.rebuilds) {
		if (!(await rebuild(context, build, since))) return;
		await replaceContainers(context, build, since);
	}
	const done = [`${changedText(batch)} ${await syncAll(context, batch.syncs, since)}`];
	await Promise.all(
		batch.restarts.map(({ pod, container }) => restart(context, pod, container, since, changedText(batch))),
	);
	for (const { pod, container, command } of batch.execs) {
		if (await exec(context, pod, container, command, since)) {
			done.push(`${command.join(' ')} ran in ${container}`);
		}
	}
	// A restart is told by itself, before and after, and a rebuild as well.
	const itself = batch.restarts.length > 0 || (batch.rebuilds.length > 0 && batch.syncs.length === 0);
	if (!itself || done.length > 1) context.teller.summary(Date.now() - since, done.join(', '));
}

/** Builds and tells how; false: it failed, and what runs runs on. */
export async function rebuild(
	{ client, teller, signal }: Pick<WorkContext, 'client' | 'teller' | 'signal'>,
	build: BuildRule,
	since: number,
): Promise<boolean> {
	const { image } = build;
	const output: string[] = [];
	teller.tell('building', `building ${image} from ${build.context}`, { image });
	try {
		const id = await buildImage(
			client,
			build,
			(line) => {
				output.push(line);
				// Every step, not what it prints: that is shown when it fails.
				if (STEP.test(line)) teller.tell('building', `  ${line}`, { image, step: line });
			},
			signal,
		);
		const milliseconds = Date.now() - since;
		teller.tell('built', `${image} built`, { image, id, milliseconds });
		return true;
	} catch (error) {
		if (!(error instanceof ApiError) && !(error instanceof UserError)) throw error;
		const tail = output.slice(-TAIL).map((line) => `  ${line}`);
		const text = [`building ${image} failed: ${error.message}`, ...tail].join('\n');
		teller.always('build failed', `${text}\nwhat runs runs on`, {
			image,
			message: error.message,
			output: output.slice(-TAIL),
		});
		return false;
	}
}

/** Containers of a rebuilt image are replaced in place; an init container runs again beside the others. */
async function replaceContainers(context: WorkContext, build: BuildRule, since: number): Promise<void> {
	const { client, feed, teller, signal } = context;
	const pod = podOf(feed, build.pod);
	if (pod === undefined) return;
	const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
	const before = attemptIds(
		pod,
		all.filter(({ image }) => image === build.image).map(({ name }) => name),
	);
	const { containers } = await client.request<{ containers: string[] }>(
		'POST',
		`${podPath(build.pod)}/image`,
		{
			query: { image: build.image },
			signal,
		},
	);
	const told_ = { image: build.image, pod: build.pod.name, containers };
	if (containers.length === 0) {
		teller.tell('changed', `${build.image} is what runs already: nothing restarts`, told_);
		return;
	}
	const init = new Set(
		(pod.spec.initContainers ?? []).filter((one) => one.restartPolicy !== 'Always').map(({ name }) => name),
	);
	for (const name of containers) {
		const line = init.has(name)
			? `image of ${name} rebuilt: init container ${name} runs again, the others stay`
			: `image of ${name} rebuilt: 1 container restarts, IP kept`;
		teller.tell('changed', line, { ...told_, change: line });
	}
	const attempts = new Map([...before].filter(([name]) => containers.includes(name)));
	await tellReady(context, build.pod, attempts, since);
}

/** `synced to app and user, 2 removed`; `changed` when there is nothing to sync. */
async function syncAll(context: WorkContext, works: readonly SyncWork[], since: number): Promise<string> {
	const results = await Promise.all(works.map((work) => sync(context, work, since)));
	const names = (delivered: boolean) =>
		toldList(
			works.filter((_work, at) => results[at]?.delivered === delivered).map(({ container }) => container),
		);
	const removed = Math.max(0, ...results.map((result) => result.removed));
	const written = works.some(({ writes }) => writes.length > 0);
	const parts: string[] = [];
	if (names(true) !== '') parts.push(`${written ? 'synced to' : 'removed from'} ${names(true)}`);
	if (names(false) !== '') parts.push(`kept for the next start of ${names(false)}`);
	if (written && removed > 0) parts.push(`${removed} removed`);
	return parts.length === 0 ? 'changed' : parts.join(', ');
}

async function sync(
	{ client, teller, signal }: WorkContext,
	work: SyncWork,
	since: number,
): Promise<Transferred> {
	const result = await transfer(client, work, signal);
	teller.tell('synced', '', {
		pod: work.pod.name,
		container: work.container,
		files: result.files,
		removed: result.removed,
		bytes: result.bytes,
		delivered: result.delivered,
		milliseconds: Date.now() - since,
	});
	if (result.notRemoved !== undefined) {
		const { paths, reason } = result.notRemoved;
		const line = `${toldFiles(paths, 'paths')} could not be removed from ${work.container}: ${reason}\npodrun restart ${work.pod.name} -c ${work.container} makes it begin without them`;
		teller.always('failed', line, { pod: work.pod.name, container: work.container, paths, message: reason });
	}
	return result;
}

async function restart(
	context: WorkContext,
	pod: SyncWork['pod'],
	container: string,
	since: number,
	why: string,
): Promise<void> {
	const { client, feed, teller, signal } = context;
	teller.tell('changed', `${why} changed: ${container} restarts, IP kept`, { pod: pod.name, container });
	const before = attemptIds(podOf(feed, pod), [container]);
	await client.request('POST', `${podPath(pod)}/restart`, { query: { container }, signal });
	await tellReady(context, pod, before, since);
	teller.tell('restarted', '', { pod: pod.name, container, milliseconds: Date.now() - since });
}

/** Runs a rule's command; false: it failed, which has been told. */
async function exec(
	{ client, teller }: WorkContext,
	pod: SyncWork['pod'],
	container: string,
	command: readonly string[],
	since: number,
): Promise<boolean> {
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	const output: Buffer[] = [];
	for (const stream of [stdout, stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
	const path = resourcePath('pods', pod.namespace, pod.name, 'exec');
	const query = { container, command: [...command], stdout: true, stderr: true };
	const ended = await runRemote(client, path, query, { stdout, stderr });
	const milliseconds = Date.now() - since;
	const details = { pod: pod.name, container, command, milliseconds };
	if (ended.type === 'exit' && ended.code === 0) {
		teller.tell('executed', '', { ...details, code: 0 });
		return true;
	}
	const why =
		ended.type === 'exit'
			? `exit code ${ended.code}`
			: ended.type === 'error'
				? ended.status.message
				: 'connection lost';
	const text = Buffer.concat(output).toString('utf8').trim();
	const line = `${command.join(' ')} in ${container} failed: ${why}${text === '' ? '' : `\n${text.replace(/^/gm, '  ')}`}`;
	teller.always('failed', line, { ...details, message: why, output: text });
	return false;
}

/** Names of the files; of folders where there is nothing else. */
function changedText({ changes }: Batch): string {
	const files = changes.filter(({ folder }) => !folder);
	const paths = new Set((files.length > 0 ? files : changes).map(({ path }) => path));
	return toldFiles([...paths].map((path) => basename(path))) || 'configuration';
}
