/**
 * `podrun cp`: files between here and a container, both ways, as a tar stream through `tar` on both ends: links
 * and modes stay what they are.
 */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { UserError } from '../../api/errors.ts';
import type { Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { chooseContainer } from '../containers.ts';
import { type Io, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { runRemote, type Streams } from '../remote-process.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface CpOptions extends GlobalOptions {
	readonly container?: string;
	readonly preserve?: boolean;
}

/** One side of a copy: `[NAMESPACE/]POD:PATH`, or a path here. */
export interface Place {
	readonly pod?: string;
	readonly namespace?: string;
	readonly path: string;
}

/** A path with a colon after a slash or a dot is a local one, as kubectl reads it. */
function parsePlace(text: string): Place {
	const colon = text.indexOf(':');
	const before = colon < 0 ? '' : text.slice(0, colon);
	if (colon <= 0 || before.startsWith('.') || before.startsWith('/')) {
		return { path: text };
	}
	const path = text.slice(colon + 1);
	if (path === '') {
		throw usage(`filepath can not be empty: ${text}`);
	}
	const parts = before.split('/');
	if (parts.length > 2) {
		throw usage(`${text}: expected [NAMESPACE/]POD:PATH`);
	}
	const [first = '', second] = parts;
	return second === undefined ? { pod: first, path } : { namespace: first, pod: second, path };
}

export async function run(io: Io, options: CpOptions, args: readonly string[]): Promise<number> {
	const [from, to] = args.map(parsePlace);
	if (!from || !to || (from.pod === undefined) === (to.pod === undefined)) {
		throw usage(
			'one of the two must be a file in a pod',
			'podrun cp POD:/path local, podrun cp local POD:/path',
		);
	}
	const remote = from.pod === undefined ? to : from;
	const namespace = remote.namespace ?? namespaceOf(options);
	return withClient(io, async (client) => {
		const pod = await client.request<Pod>('GET', resourcePath('pods', namespace, remote.pod));
		const choice = chooseContainer(pod, options.container);
		if (choice.notice) {
			say(io, choice.notice);
		}
		const tar = (command: readonly string[], streams: Streams) =>
			remoteTar(client, namespace, remote.pod as string, choice.name, command, streams);
		if (from.pod === undefined) {
			await upload(io, resolve(io.cwd, from.path), to.path, tar);
		} else {
			await download(io, from.path, resolve(io.cwd, to.path), options, tar);
		}
		return 0;
	});
}

type Tar = (command: readonly string[], streams: Streams) => Promise<void>;

/** A folder that exists over there takes the source under its own name; another target is its new name. */
async function upload(io: Io, local: string, remote: string, tar: Tar): Promise<void> {
	await stat(local).catch(() => {
		throw new UserError('NOT_FOUND', `${local} doesn't exist in local filesystem`);
	});
	const isFolder = remote.endsWith('/') || (await succeeds(() => tar(['test', '-d', remote], nothing())));
	const folder = isFolder ? remote : dirname(remote);
	const name = isFolder ? basename(local) : basename(remote);
	const pack = spawn(
		'tar',
		[
			'-cf',
			'-',
			'-C',
			dirname(local),
			`--transform=s|^${quoted(basename(local))}|${replacement(name)}|S`,
			basename(local),
		],
		{ stdio: ['ignore', 'pipe', 'pipe'] },
	);
	// Node throws away the output of a child that ends before anybody reads it, so somebody reads at once.
	const packed = pack.stdout.pipe(new PassThrough());
	await Promise.all([
		finished(pack, 'tar'),
		tar(['tar', '-xmf', '-', '-C', folder], { stdin: packed, stdout: io.stderr, stderr: io.stderr }),
	]);
}

async function download(io: Io, remote: string, local: string, options: CpOptions, tar: Tar): Promise<void> {
	const info = await stat(local).catch(() => undefined);
	const folder = info?.isDirectory() ? local : dirname(local);
	const name = info?.isDirectory() ? basename(remote) : basename(local);
	const unpack = spawn(
		'tar',
		[
			'-xf',
			'-',
			'-C',
			folder,
			...(options.preserve === false ? ['--no-same-permissions', '--no-same-owner'] : []),
			`--transform=s|^${quoted(basename(remote))}|${replacement(name)}|S`,
			// Nothing else: the archive is made by the container, which may put more into it than it was asked for.
			'--',
			basename(remote),
		],
		{ stdio: ['pipe', 'ignore', 'pipe'] },
	);
	const into = new PassThrough();
	into.pipe(unpack.stdin);
	const unpacked = finished(unpack, 'tar');
	try {
		await tar(['tar', '-cf', '-', '-C', dirname(remote), basename(remote)], {
			stdout: into,
			stderr: io.stderr,
		});
	} finally {
		into.end();
	}
	await unpacked;
}

async function remoteTar(
	client: Client,
	namespace: string,
	pod: string,
	container: string,
	command: readonly string[],
	streams: Streams,
): Promise<void> {
	const query = { container, command, stdin: streams.stdin !== undefined, stdout: true, stderr: true };
	const ended = await runRemote(client, resourcePath('pods', namespace, pod, 'exec'), query, streams);
	if (ended.type === 'exit' && ended.code === 0) {
		return;
	}
	const why =
		ended.type === 'exit'
			? `${command[0]} in the container ended with exit code ${ended.code}`
			: ended.type === 'error'
				? ended.status.message
				: 'the connection was lost';
	throw new UserError('POD_FAILED', `copy failed: ${why}`, {
		hint: 'cp needs `tar` in the container, as kubectl cp does',
	});
}

function nothing(): Streams {
	const sink = () => {
		const stream = new PassThrough();
		stream.resume();
		return stream;
	};
	return { stdout: sink(), stderr: sink() };
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
	try {
		await work();
		return true;
	} catch {
		return false;
	}
}

/** A text in the pattern of tar's --transform, and one in its replacement: sed's rules. */
function quoted(text: string): string {
	return text.replace(/[|\\.*^$[\]&]/g, '\\$&');
}

function replacement(text: string): string {
	return text.replace(/[|\\&]/g, '\\$&');
}

function finished(child: ReturnType<typeof spawn>, name: string): Promise<void> {
	return new Promise((done, fail) => {
		let said = '';
		child.stderr?.on('data', (chunk: Buffer) => {
			said += chunk.toString('utf8');
		});
		child.on('error', (error) => fail(new UserError('NOT_FOUND', `can't run ${name}: ${error.message}`)));
		child.on('close', (code) => {
			if (code === 0) {
				done();
			} else {
				fail(new UserError('POD_FAILED', `${name} ended with exit code ${code}: ${said.trim()}`));
			}
		});
	});
}
