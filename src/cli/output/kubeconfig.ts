/** A kubeconfig for `podrun api`: on its own, or as one more context of a file that is there already. Pure. */
import { UserError } from '../../api/errors.ts';
import { toYaml } from './serialize.ts';

export interface Access {
	/** https://127.0.0.1:8001 */
	readonly server: string;
	readonly token: string;
	/** PEM. */
	readonly authority: string;
	readonly namespace: string;
}

/** Of cluster, user and context. */
const NAME = 'podrun';

interface Named {
	readonly name: string;
	readonly [field: string]: unknown;
}

/**
 * The text of a kubeconfig. `present` is what the file holds, parsed: its other entries stay, and so does its
 * current context if it has one. Throws UserError when `present` is no kubeconfig.
 */
export function kubeconfigWith(access: Access, present: unknown, file: string): string {
	const before = readPresent(present, file);
	const authority = Buffer.from(access.authority).toString('base64');
	return `${toYaml({
		...before,
		apiVersion: 'v1',
		kind: 'Config',
		clusters: replaced(before.clusters, {
			name: NAME,
			cluster: { server: access.server, 'certificate-authority-data': authority },
		}),
		users: replaced(before.users, { name: NAME, user: { token: access.token } }),
		contexts: replaced(before.contexts, {
			name: NAME,
			context: { cluster: NAME, user: NAME, namespace: access.namespace },
		}),
		'current-context': before['current-context'] || NAME,
	}).trimEnd()}\n`;
}

interface Present {
	readonly [field: string]: unknown;
	readonly clusters?: unknown;
	readonly users?: unknown;
	readonly contexts?: unknown;
}

function readPresent(present: unknown, file: string): Present {
	if (present === undefined || present === null) return {};
	if (typeof present === 'object' && 'kind' in present && present.kind === 'Config') return { ...present };
	throw new UserError('USAGE', `${file} exists and is no kubeconfig: it is left as it is`, {
		hint: 'name another file with --kubeconfig',
	});
}

function replaced(entries: unknown, entry: Named): Named[] {
	const others = Array.isArray(entries) ? (entries as Named[]).filter(({ name }) => name !== NAME) : [];
	return [...others, entry];
}
