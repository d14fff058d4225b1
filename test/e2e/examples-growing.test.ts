/** The two large examples over time: a blog that outlives its pod; application and server, each renewed without the other. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { docker, page } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { example } from '../support/examples.ts';
import { labelBuilds } from '../support/images.ts';
import { engineId, holds, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

const BOOT = { within: 240_000 };
const blog = scenario('claim');
const war = scenario('release');
const RELEASE_2 = `${war.instance}/sample-war:2`;
const TOMCAT_NEW = `${war.instance}/tomcat:new`;

test.concurrent('nginx-ghost: what was written survives down, and goes with down --volumes', async () => {
	const { folder, url } = await example(blog, 'nginx-ghost');
	await blog.ok('up', '-d', '-f', folder);
	const owner = {
		name: 'Ann',
		email: 'ann@example.com',
		password: 'correct horse battery',
		blogTitle: 'On a claim',
	};
	const setup = await fetch(`${url}/ghost/api/admin/authentication/setup/`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', origin: url },
		body: JSON.stringify({ setup: [owner] }),
	});
	expect(setup.status).toBe(201);
	const titled = () =>
		eventually(async () => (await page(url)).body.includes('<title>On a claim</title>'), {
			...BOOT,
			what: "the blog has its owner's title",
		});
	await titled();
	await blog.ok('down', '-f', folder);
	expect(await blog.ok('get', 'pvc', '-o', 'name')).toBe('persistentvolumeclaim/nginx-ghost\n');
	await blog.ok('up', '-d', '-f', folder);
	await titled();
	await blog.ok('down', '--volumes', '-f', folder);
	expect(await blog.ok('get', 'pvc', '-o', 'name')).toBe('');
});

test.concurrent('tomcat-war: the WAR is renewed without touching Tomcat, and Tomcat without the WAR', async () => {
	const { folder, url } = await example(war, 'tomcat-war');
	const manifest = join(folder, 'pod.yaml');
	const change = (file: string, from: string, to: string) => {
		const text = readFileSync(file, 'utf8');
		expect(text).toContain(from);
		writeFileSync(file, text.replace(from, to));
	};
	await war.ok('up', '-d', '-f', folder);
	const first = await war.pod('tomcat-war');
	expect((await page(`${url}/sample/`)).body).toContain('Hello from sample.war');

	change(join(folder, 'war/webapp/index.jsp'), 'Hello from sample.war', 'Hello from release 2');
	labelBuilds(join(folder, 'war/Dockerfile'), war.instance);
	execFileSync('docker', ['build', '-q', '-t', RELEASE_2, join(folder, 'war')], { stdio: 'pipe' });
	change(manifest, 'podrun/sample-war:1\n      imagePullPolicy', `${RELEASE_2}\n      imagePullPolicy`);
	await war.ok('apply', '-f', folder);
	await eventually(async () => (await page(`${url}/sample/`)).body.includes('Hello from release 2'), {
		...BOOT,
		what: 'Tomcat has unpacked the new WAR',
	});
	const second = await war.pod('tomcat-war');
	expect(second && engineId(second, 'tomcat')).toBe(first && engineId(first, 'tomcat'));
	expect(second && statusOf(second, 'tomcat').restartCount).toBe(0);

	await docker.getImage('tomcat:10').tag({ repo: `${war.instance}/tomcat`, tag: 'new' });
	change(manifest, 'image: tomcat:10\n', `image: ${TOMCAT_NEW}\n`);
	await war.ok('apply', '-f', folder);
	const old = second ? engineId(second, 'tomcat') : '';
	const third = await war.until(
		'tomcat-war',
		(pod) => engineId(pod, 'tomcat') !== old && holds(pod, 'Ready'),
		BOOT,
	);
	expect(engineId(third, 'war')).toBe(second && engineId(second, 'war'));
	expect(third.status?.podIP).toBe(first?.status?.podIP);
	expect((await page(`${url}/sample/`)).body).toContain('Hello from release 2');
});
