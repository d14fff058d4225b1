/** Image references, read as Docker's own grammar reads them. */
import { describe, expect, it } from 'vitest';
import { parseImageRef } from '../../../src/api/image-ref.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('parseImageRef', () => {
	it.each([
		['nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
		['nginx:1.22', 'docker.io/library/nginx:1.22', 'nginx:1.22'],
		['owner/name', 'docker.io/owner/name:latest', 'owner/name:latest'],
		['docker.io/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
		['index.docker.io/library/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
		['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
		['localhost:5000/x:2', 'localhost:5000/x:2', 'localhost:5000/x:2'],
		['127.0.0.1:1/podrun-present', '127.0.0.1:1/podrun-present:latest', '127.0.0.1:1/podrun-present:latest'],
		['ghcr.io/a/b/c_d--e.f:V1', 'ghcr.io/a/b/c_d--e.f:V1', 'ghcr.io/a/b/c_d--e.f:V1'],
		[`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`, `nginx@${DIGEST}`],
		[`nginx:1@${DIGEST}`, `docker.io/library/nginx:1@${DIGEST}`, `nginx:1@${DIGEST}`],
		['[::1]:5000/x', '[::1]:5000/x:latest', '[::1]:5000/x:latest'],
	])('%s', (text, canonical, familiar) => {
		expect(parseImageRef(text)).toMatchObject({ canonical, familiar });
	});

	it.each([
		'',
		'Nginx',
		'nginx:',
		'nginx:-x',
		':tag',
		'a//b',
		'/nginx',
		'nginx/',
		'a b',
		'nginx@sha256:abc',
		'registry.example.org:port/x',
		'a..b',
		'_a',
		'a/b-',
		`nginx:${'x'.repeat(129)}`,
		'x'.repeat(300),
		'a'.repeat(64),
		'docker.io/',
	])('refuses "%s"', (text) => {
		expect(parseImageRef(text)).toBeUndefined();
	});
});
