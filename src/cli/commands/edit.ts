/**
 * `podrun edit RESOURCE NAME`: objects as YAML in your editor ($KUBE_EDITOR, $EDITOR, vi), then written back.
 * What was typed is never lost: when the server refuses it, the file stays and is named.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ApiError, UserError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/types.ts';
import { resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { statusText, usage } from '../output/errors.ts';
import { toYaml } from '../output/serialize.ts';
import type { GlobalOptions } from '../program.ts';
import { parseAsked } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

const HEAD = `# Edit the object below. Lines that begin with '#' are ignored, and an empty file
# ends the edit. If it can't be written, your text is kept in a file.
#
`;

export async function run(io: Io, options: GlobalOptions, args: readonly string[]): Promise<number> {
	const asked = parseAsked(args);
	if (asked.some(({ names }) => names.length === 0)) {
		throw usage('edit needs names of objects', 'e.g. podrun edit pod web');
	}
	return withClient(io, async (client) => {
		let failed = false;
		for (const { resource, names } of asked) {
			for (const name of names) {
				const namespace = resource.namespaced ? namespaceOf(options) : undefined;
				const path = resourcePath(resource.plural, namespace, name);
				const live = await client.request<KubeObject>('GET', path);
				const { file, text } = await edited(io, `${HEAD}${toYaml(withoutNoise(live))}\n`);
				if (text === undefined) {
					say(io, 'Edit cancelled, no changes made.');
					continue;
				}
				try {
					await client.request('PUT', path, {
						body: text,
						query: { fieldValidation: 'Strict' },
						headers: { 'content-type': 'application/yaml' },
					});
					print(io, `${resource.singular}/${name} edited`);
					rmSync(dirname(file), { recursive: true });
				} catch (error) {
					if (!(error instanceof ApiError)) throw error;
					failed = true;
					say(io, statusText(error.status));
					say(io, `A copy of your changes has been stored to "${file}"`);
				}
			}
		}
		return failed ? 1 : 0;
	});
}

function withoutNoise(object: KubeObject): KubeObject {
	const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
		managedFields?: unknown;
	};
	return { ...object, metadata };
}

/** Lets the user edit `text`; undefined when nothing was changed. Throws UserError when the editor fails. */
async function edited(io: Io, text: string): Promise<{ readonly file: string; readonly text?: string }> {
	// A folder of mode 0700: the object may be a Secret.
	const folder = mkdtempSync(join(tmpdir(), 'podrun-edit-'));
	const file = join(folder, 'object.yaml');
	writeFileSync(file, text, { mode: 0o600 });
	const editor = io.env.KUBE_EDITOR || io.env.EDITOR || 'vi';
	const code = await new Promise<number | null>((resolve, reject) => {
		// Through a shell, since the variable may hold options: EDITOR="code --wait".
		const child = spawn('/bin/sh', ['-c', `${editor} "$0"`, file], { stdio: 'inherit', env: io.env });
		child.once('error', reject);
		child.once('close', resolve);
	});
	if (code !== 0) {
		rmSync(folder, { recursive: true });
		throw new UserError('POD_FAILED', `the editor (${editor}) ended with exit code ${code}`, {
			hint: 'KUBE_EDITOR or EDITOR name another one',
		});
	}
	const after = readFileSync(file, 'utf8');
	if (bare(after) === '' || bare(after) === bare(text)) {
		rmSync(folder, { recursive: true });
		return { file };
	}
	return { file, text: after };
}

function bare(text: string): string {
	return text
		.split('\n')
		.filter((line) => !line.startsWith('#'))
		.join('\n')
		.trim();
}
