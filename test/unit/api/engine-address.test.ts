/** Engine URLs, taken apart as the docker CLI does. */
import { expect, it } from 'vitest';
import { parseEngineUrl } from '../../../src/api/engine-address.ts';

it.each([
	['unix:///run/x.sock', false, { kind: 'socket', path: '/run/x.sock' }],
	['/run/x.sock', false, { kind: 'socket', path: '/run/x.sock' }],
	['tcp://host', false, { kind: 'tcp', host: 'host', port: 2375 }],
	['tcp://host', true, { kind: 'tcp', host: 'host', port: 2376 }],
	['host:1234', false, { kind: 'tcp', host: 'host', port: 1234 }],
	['tcp://[::1]:99', false, { kind: 'tcp', host: '::1', port: 99 }],
	['ssh://me@host:22', false, { kind: 'ssh', host: 'host', user: 'me', port: 22 }],
	[
		'ssh://host/run/user/1/docker.sock',
		false,
		{ kind: 'ssh', host: 'host', path: '/run/user/1/docker.sock' },
	],
	['npipe:////./pipe/docker_engine', false, { kind: 'socket', path: '\\\\.\\pipe\\docker_engine' }],
])('%s', (url, tls, endpoint) => {
	expect(parseEngineUrl(url, tls)).toEqual(endpoint);
});

it.each([
	'unix://',
	'unix://relative',
	'tcp://',
	'tcp://host:70000',
	'ftp://x',
	'ssh://-oProxyCommand=x',
	'ssh://-l@host',
	'',
])('refuses "%s"', (url) => {
	expect(parseEngineUrl(url, false)).toBeUndefined();
});
