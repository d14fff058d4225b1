/**
 * Builds of podrun.dev/build: the context goes as a tar to the engine's builder (BuildKit where the engine prefers
 * it, see engine/docker/build.ts), by way of the supervisor; its output comes back line by line.
 */
import { lstat, readFile, readlink } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { ApiError, type Status, UserError } from '../../api/errors.ts';
import { END_OF_ARCHIVE, entryBlocks, type TarEntry } from '../../api/tar.ts';
import type { Client } from '../../client/client.ts';
import type { BuildRule } from './annotations.ts';
import { IgnoreRules, linesOf } from './ignore.ts';
import { walk } from './tree.ts';

/** Builds the image and resolves with its id. Throws ApiError 422 with the failed step, UserError for a context that can't be read. */
export async function buildImage(
	client: Client,
	build: BuildRule,
	onOutput: (line: string) => void,
	signal: AbortSignal,
): Promise<string> {
	const dockerfile = join(build.context, build.dockerfile);
	await readFile(dockerfile).catch((error: NodeJS.ErrnoException) => {
		throw new UserError('MANIFEST', `building ${build.image}: ${dockerfile} can't be read (${error.code})`, {
			hint: 'context and dockerfile of podrun.dev/build are taken from the folder of the manifest',
		});
	});
	const query = new URLSearchParams({ image: build.image, dockerfile: build.dockerfile });
	if (build.target !== undefined) query.set('target', build.target);
	if (Object.keys(build.args).length > 0) query.set('args', JSON.stringify(build.args));
	const answer = await post(
		client.socket,
		`/podrun/v1/build?${query}`,
		Readable.from(context(build)),
		signal,
	);
	let rest = '';
	let id: string | undefined;
	answer.setEncoding('utf8');
	for await (const chunk of answer) {
		const lines = (rest + String(chunk)).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) {
			const said = JSON.parse(line) as { output?: string; id?: string; status?: Status };
			if (said.status) {
				const { code, reason, message } = said.status;
				throw new ApiError(code, reason, message);
			}
			id = said.id ?? id;
			for (const text of said.output?.split('\n') ?? []) if (text.trim() !== '') onOutput(text);
		}
	}
	if (id === undefined) throw new UserError('ENGINE', `building ${build.image}: the build was cut off`);
	return id;
}

/** .dockerignore of a build: the one beside the Dockerfile first, then the context's; the Dockerfile always goes. */
export async function buildIgnore(build: BuildRule): Promise<string[]> {
	const own = await readFile(join(build.context, `${build.dockerfile}.dockerignore`), 'utf8').catch(() => '');
	const text = own || (await readFile(join(build.context, '.dockerignore'), 'utf8').catch(() => ''));
	return text === '' ? [] : [...linesOf(text), `!${build.dockerfile}`, '!.dockerignore'];
}

async function* context(build: BuildRule): AsyncGenerator<Buffer> {
	const ignore = new IgnoreRules(await buildIgnore(build));
	const found = await walk([{ path: build.context, ignore }]);
	for (const path of [...found.keys()].sort()) {
		if (path === build.context) continue;
		const entry = await entryOf(path, relative(build.context, path));
		if (entry !== undefined) yield Buffer.concat(entryBlocks(entry, entry.seconds ?? 0));
	}
	yield END_OF_ARCHIVE;
}

async function entryOf(path: string, name: string): Promise<TarEntry | undefined> {
	const stats = await lstat(path).catch(() => undefined);
	if (stats === undefined) return undefined;
	// Owners are root's and times are the files': the same sources give the same layers.
	const common = {
		path: name,
		mode: stats.mode & 0o777,
		uid: 0,
		gid: 0,
		seconds: Math.floor(stats.mtimeMs / 1000),
	};
	if (stats.isDirectory()) return { ...common, type: 'directory' };
	if (stats.isSymbolicLink()) return { ...common, type: 'symlink', target: await readlink(path) };
	return { ...common, type: 'file', content: await readFile(path) };
}

/** A request whose body is a stream, which the client of small JSON bodies has no use for. */
function post(socketPath: string, path: string, body: Readable, signal: AbortSignal): Promise<Readable> {
	return new Promise((resolve, reject) => {
		const headers = { 'content-type': 'application/x-tar' };
		const request = httpRequest({ socketPath, method: 'POST', path, headers, signal }, (answer) => {
			if (answer.statusCode === 200) return resolve(answer);
			answer.resume();
			reject(new UserError('SUPERVISOR', `the supervisor refused the build (status ${answer.statusCode})`));
		});
		request.on('error', reject);
		body.on('error', (error) => request.destroy(error));
		body.pipe(request);
	});
}
