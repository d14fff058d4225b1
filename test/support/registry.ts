/**
 * An image registry on this machine, as much of the distribution protocol as a pull takes: one small image of
 * its own that nobody has yet, behind a name and a password. It counts what it was asked for.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { arch } from 'node:os';
import { gzipSync } from 'node:zlib';
import { PAUSE_BINARIES } from '../../src/pause/binaries.generated.ts';
import { docker } from './checks.ts';
import { tar } from './tar.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

export interface Registry {
	/** `127.0.0.1:<port>`: engines talk plain HTTP with it. */
	readonly host: string;
	/** The image that it has; its program waits, and ends on SIGTERM. */
	readonly image: string;
	/** How often the layer was sent, and how often somebody without the password was turned away. */
	readonly sent: number;
	readonly refused: number;
	/** Ends it, and takes the image off the engine. */
	close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startRegistry(username: string, password: string): Promise<Registry> {
	const { blobs, manifest, layer } = makeImage();
	const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
	let [sent, refused] = [0, 0];
	const server = createServer((asked: IncomingMessage, answer: ServerResponse) => {
		if (asked.headers.authorization !== expected) {
			refused++;
			answer.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
			return;
		}
		const [, kind, name] = /^\/v2\/private\/(manifests|blobs)\/(.+)$/.exec(asked.url ?? '') ?? [];
		const tagged = kind === 'manifests' && name === '1';
		const body = tagged ? manifest : blobs.get(name ?? '');
		if (asked.url === '/v2/') {
			answer.writeHead(200).end();
		} else if (!body) {
			answer.writeHead(404).end();
		} else {
			if (name === layer && asked.method === 'GET') sent++;
			answer.writeHead(200, {
				'content-type': kind === 'manifests' ? MANIFEST : 'application/octet-stream',
				'content-length': body.length,
				'docker-content-digest': digest(body),
			});
			answer.end(asked.method === 'HEAD' ? undefined : body);
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	const image = `${host}/private:1`;
	return {
		host,
		image,
		get sent() {
			return sent;
		},
		get refused() {
			return refused;
		},
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
			const there = await docker.listImages({ filters: { reference: [image] } });
			await Promise.all(there.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
		},
	};
}

/** An image of one layer with podrun's own pause, and a file that no other image has. */
function makeImage(): { blobs: Map<string, Buffer>; manifest: Buffer; layer: string } {
	const architecture = arch() === 'arm64' ? 'arm64' : 'amd64';
	const files = tar([
		{ path: 'pause', type: 'file', mode: 0o755, data: Buffer.from(PAUSE_BINARIES[architecture], 'base64') },
		{ path: 'unique', type: 'file', data: randomUUID() },
	]);
	const layer = gzipSync(files);
	const config = Buffer.from(
		JSON.stringify({
			architecture,
			os: 'linux',
			config: { Cmd: ['/pause'] },
			rootfs: { type: 'layers', diff_ids: [digest(files)] },
		}),
	);
	const describe = (mediaType: string, blob: Buffer) => ({
		mediaType,
		size: blob.length,
		digest: digest(blob),
	});
	const manifest = Buffer.from(
		JSON.stringify({
			schemaVersion: 2,
			mediaType: MANIFEST,
			config: describe('application/vnd.docker.container.image.v1+json', config),
			layers: [describe('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
		}),
	);
	const blobs = new Map([config, layer].map((blob) => [digest(blob), blob]));
	blobs.set(digest(manifest), manifest);
	return { blobs, manifest, layer: digest(layer) };
}

function digest(bytes: Buffer): string {
	return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
