/** Examples of the repository in a scenario: the manifests as they are, but with ports of the host that are free. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './checks.ts';
import type { Ran, Scenario } from './scenario.ts';

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export interface Example {
	/** A copy, within the scenario's folder. */
	readonly folder: string;
	/** Of its first hostPort; '' when it has none. */
	readonly url: string;
}

/** Copies an example into the scenario. */
export async function example(scenario: Scenario, name: string): Promise<Example> {
	const folder = join(scenario.folder, name);
	cpSync(join(EXAMPLES, name), folder, { recursive: true });
	let url = '';
	for (const file of readdirSync(folder).filter((one) => one.endsWith('.yaml'))) {
		const text = readFileSync(join(folder, file), 'utf8');
		const [, asked] = /hostPort: (\d+)/.exec(text) ?? [];
		if (asked === undefined) continue;
		const free = await freePort();
		url ||= `http://localhost:${free}`;
		writeFileSync(join(folder, file), text.replaceAll(asked, String(free)));
	}
	return { folder, url };
}

/** Copies an example and brings it up. */
export async function upExample(scenario: Scenario, name: string): Promise<Example> {
	const made = await example(scenario, name);
	await scenario.ok('up', '-d', '-f', made.folder);
	return made;
}

/** A shell command in a container, whatever its exit code. */
export function inside(s: Scenario, pod: string, container: string, ...command: string[]): Promise<Ran> {
	return s.podrun('exec', pod, '-c', container, '--', ...command);
}
