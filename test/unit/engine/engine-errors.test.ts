/** What the engine's words mean: texts as Docker was seen to send them. */
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/engine/engine.ts';
import { classify, toEngineError } from '../../../src/engine/engine-errors.ts';

describe('classify', () => {
	it.each([
		[
			500,
			'driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 failed: port is already allocated',
			'PORT_TAKEN',
		],
		[
			500,
			'driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
			'PORT_TAKEN',
		],
		[
			500,
			'failed to set up container networking: driver failed programming external connectivity: failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use',
			'PORT_TAKEN',
		],
		[403, 'Address already in use', 'ADDRESS_TAKEN'],
		[403, 'failed to set up container networking: Address already in use', 'ADDRESS_TAKEN'],
		// Podman's words.
		[
			500,
			'IPAM error: requested ip address 10.89.0.5 is already allocated to container ID b3',
			'ADDRESS_TAKEN',
		],
		[403, 'Pool overlaps with other one on this address space', 'NETWORK_OVERLAP'],
		// Podman's words.
		[500, 'no container with ID b3d9 found in database: no such container', 'NOT_FOUND'],
		[500, 'subnet 10.201.0.0/20 is already used on the host or by another config', 'NETWORK_OVERLAP'],
		[409, 'network with name x already exists', 'CONFLICT'],
		[403, 'error while removing network: network x id y has active endpoints', 'CONFLICT'],
		[404, 'No such image: nope:1', 'IMAGE_NOT_FOUND'],
		[404, 'No such container: nope', 'NOT_FOUND'],
		[400, 'No such container: nope', 'NOT_FOUND'],
		[404, 'manifest for 127.0.0.1:5000/x:1 not found: manifest unknown: manifest unknown', 'IMAGE_NOT_FOUND'],
		[
			404,
			"pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
			'IMAGE_NOT_FOUND',
		],
		[500, 'Head "http://127.0.0.1:5000/v2/x/manifests/1": no basic auth credentials', 'UNAUTHORIZED'],
		[
			500,
			'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
			'REGISTRY_UNREACHABLE',
		],
		[500, 'container x is not running', 'CONFLICT'],
		[409, 'removal of container x is already in progress', 'CONFLICT'],
		[304, '', 'NOT_MODIFIED'],
		[400, 'conflicting options: hostname and the network mode', 'BAD_REQUEST'],
		[500, 'unable to apply caps: operation not permitted', 'UNKNOWN'],
		[
			500,
			'connection error: desc = "transport: Error while dialing dial unix /var/run/docker/containerd/containerd.sock: connect: connection refused": unavailable',
			'UNREACHABLE',
		],
		[500, 'transport is closing: unavailable', 'UNREACHABLE'],
	])('%i %s', (status, text, code) => {
		expect(classify(status, text)).toBe(code);
	});
});

describe('toEngineError', () => {
	const address = 'unix:///var/run/docker.sock';

	it.each([
		['ENOENT', /no such socket/],
		['ECONNREFUSED', /nothing listens/],
		['EACCES', /permission denied/],
		['ECONNRESET', /closed the connection/],
		['ENOTFOUND', /name can't be resolved/],
	])('says why there is no engine: %s', (code, words) => {
		const error = toEngineError(Object.assign(new Error(`connect ${code}`), { code }), address);
		expect(error).toMatchObject({ code: 'UNREACHABLE' });
		expect(error.message).toMatch(words);
		expect(error.message).toContain(address);
	});

	it("keeps the engine's words and drops the client library's", () => {
		const thrown = Object.assign(new Error('(HTTP code 404) no such container - No such container: x '), {
			statusCode: 404,
			json: null,
		});
		expect(toEngineError(thrown, address)).toMatchObject({
			code: 'NOT_FOUND',
			message: 'No such container: x',
			statusCode: 404,
		});
	});

	it('tells a cut call', () => {
		expect(
			toEngineError(new DOMException('This operation was aborted', 'AbortError'), address),
		).toMatchObject({
			code: 'ABORTED',
		});
	});

	it('leaves an EngineError as it is', () => {
		const error = new EngineError('CONFLICT', 'x');
		expect(toEngineError(error, address)).toBe(error);
	});
});
