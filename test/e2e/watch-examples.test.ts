/** Both examples under watch, over HTTP: edit, and the new content is served; IP, uid and the other containers stay. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineContainers, page } from '../support/checks.ts';
import { labelBuilds } from '../support/images.ts';
import { eventually, type Running, Scenario } from '../support/scenario.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** A port of the host that nobody uses now. */
function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer().once('error', reject);
		server.listen(0, () => {
			const { port } = server.address() as { port: number };
			server.close(() => resolve(port));
		});
	});
}

/** A copy of an example, with a port of its own. */
async function copied(scenario: Scenario, name: string, port: string): Promise<number> {
	cpSync(join(EXAMPLES, name), scenario.folder, { recursive: true });
	const free = await freePort();
	edit(scenario, 'pod.yaml', (text) => text.replaceAll(port, String(free)));
	return free;
}

function edit(scenario: Scenario, file: string, change: (text: string) => string): void {
	const path = join(scenario.folder, file);
	const before = readFileSync(path, 'utf8');
	const after = change(before);
	if (after === before) throw new Error(`nothing to change in ${file}`);
	writeFileSync(path, after);
}

/** What must not change: uid, IP, and the ids of all containers on the engine. */
async function identity(scenario: Scenario, pod: string) {
	const found = await scenario.pod(pod);
	const containers = await engineContainers(scenario.instance, pod);
	return {
		uid: found?.metadata.uid,
		ip: found?.status?.podIP,
		ids: containers
			.filter(({ running }) => running)
			.map(({ id, container }) => `${container} ${id}`)
			.sort(),
	};
}

describe('nginx-ghost', () => {
	const scenario = new Scenario('watch-ghost');
	let port = 0;
	let watch: Running;

	beforeAll(async () => {
		port = await copied(scenario, 'nginx-ghost', '8080');
		watch = scenario.start('up', '--watch', '-f', 'pod.yaml');
		await eventually(() => watch.err().includes('watching '), { within: 60_000 });
		await eventually(async () => (await page(`http://localhost:${port}/`)).status === 200, {
			within: 120_000,
		});
	});
	afterAll(() => scenario.end());

	test('an edited nginx.conf is served by the nginx that runs', async () => {
		const before = await identity(scenario, 'nginx-ghost');
		edit(scenario, 'pod.yaml', (text) => text.replace('return 200 "ok\\n"', 'return 200 "edited\\n"'));
		await eventually(async () => (await page(`http://localhost:${port}/nginx-health`)).body === 'edited\n');
		expect(await identity(scenario, 'nginx-ghost')).toEqual(before);
		expect(watch.err()).toContain(
			'nginx.conf of configmap/nginx-ghost changed: swapped in place, nothing restarts',
		);
	});

	test('a variable of nginx replaces nginx alone; Ghost goes on', async () => {
		const ghost = async () =>
			(await engineContainers(scenario.instance, 'nginx-ghost')).find(
				({ container }) => container === 'ghost',
			)?.id;
		const [id, pod] = [await ghost(), await scenario.pod('nginx-ghost')];
		edit(scenario, 'pod.yaml', (text) =>
			text.replace('image: nginx:1.22\n', 'image: nginx:1.22\n      env: [{name: EDITED, value: "1"}]\n'),
		);
		await eventually(() => watch.err().includes('env of nginx changed: 1 container restarts, IP kept'));
		await eventually(() => /pod\/nginx-ghost done, Ready again after/.test(watch.err()), {
			within: 60_000,
		});
		expect((await page(`http://localhost:${port}/`)).status).toBe(200);
		expect(await ghost()).toBe(id);
		const after = await scenario.pod('nginx-ghost');
		expect([after?.metadata.uid, after?.status?.podIP]).toEqual([pod?.metadata.uid, pod?.status?.podIP]);
	});

	test("a saved template of Ghost's theme is served; nginx goes on", async () => {
		const { uid, ip, ids } = await identity(scenario, 'nginx-ghost');
		edit(scenario, 'theme/home.hbs', (text) => text.replace('<h1>', '<h1>Edited while it runs: '));
		await eventually(
			async () => (await page(`http://localhost:${port}/`)).body.includes('<h1>Edited while it runs: '),
			{ within: 120_000 },
		);
		const after = await identity(scenario, 'nginx-ghost');
		expect([after.uid, after.ip]).toEqual([uid, ip]);
		const others = ids.filter((id) => !id.startsWith('ghost '));
		expect(after.ids).toEqual(expect.arrayContaining(others));
		expect(watch.err()).toContain('home.hbs changed: ghost restarts, IP kept');
		expect((await page(`http://localhost:${port}/nginx-health`)).body).toBe('edited\n');
	});
});

describe('tomcat-war', () => {
	const scenario = new Scenario('watch-tomcat');
	const image = `${scenario.instance}/sample-war:1`;
	let port = 0;
	let watch: Running;

	beforeAll(async () => {
		port = await copied(scenario, 'tomcat-war', '8001');
		// What is built in its place must not be the image of other tests.
		edit(scenario, 'pod.yaml', (text) => text.replaceAll('podrun/sample-war:1', image));
		labelBuilds(join(scenario.folder, 'war/Dockerfile'), scenario.instance);
		watch = scenario.start('up', '--watch', '-f', 'pod.yaml');
		await eventually(() => watch.err().includes('watching '), { within: 120_000 });
		await eventually(async () => (await page(`http://localhost:${port}/sample/`)).status === 200, {
			within: 120_000,
		});
	});
	afterAll(() => scenario.end());

	test('an edited JSP is served after a reload of the page', async () => {
		const before = await identity(scenario, 'tomcat-war');
		edit(scenario, 'war/webapp/index.jsp', (text) =>
			text.replace('Hello from sample.war', 'Edited while it runs'),
		);
		await eventually(async () =>
			(await page(`http://localhost:${port}/sample/`)).body.includes('<h1>Edited while it runs</h1>'),
		);
		expect(await identity(scenario, 'tomcat-war')).toEqual(before);
		expect(watch.err()).toContain('index.jsp synced to tomcat');
	});

	test('what else belongs to the WAR makes a new one, which Tomcat deploys by itself', async () => {
		const before = await identity(scenario, 'tomcat-war');
		edit(scenario, 'war/webapp/WEB-INF/web.xml', (text) => text.replace('>sample<', '>deployed anew<'));
		await eventually(
			async () => {
				const { body } = await page(`http://localhost:${port}/sample/`);
				return body.includes('<dd>deployed anew</dd>') && body.includes('Edited while it runs');
			},
			{ within: 120_000 },
		);
		expect(await identity(scenario, 'tomcat-war')).toEqual(before);
		expect(watch.err()).toContain('image of war rebuilt: init container war runs again, the others stay');
	});
});
