/** The resources that podrun knows, under the names that kubectl accepts, and their paths in the API. */
import { usage } from './output/errors.ts';

export interface Resource {
	readonly plural: string;
	readonly singular: string;
	readonly kind: string;
	readonly namespaced: boolean;
	readonly shortNames: readonly string[];
}

const RESOURCES: readonly Resource[] = [
	{ plural: 'pods', singular: 'pod', kind: 'Pod', namespaced: true, shortNames: ['po'] },
	{ plural: 'configmaps', singular: 'configmap', kind: 'ConfigMap', namespaced: true, shortNames: ['cm'] },
	{ plural: 'secrets', singular: 'secret', kind: 'Secret', namespaced: true, shortNames: [] },
	{
		plural: 'persistentvolumeclaims',
		singular: 'persistentvolumeclaim',
		kind: 'PersistentVolumeClaim',
		namespaced: true,
		shortNames: ['pvc'],
	},
	{ plural: 'events', singular: 'event', kind: 'Event', namespaced: true, shortNames: ['ev'] },
	{ plural: 'nodes', singular: 'node', kind: 'Node', namespaced: false, shortNames: ['no'] },
	{ plural: 'namespaces', singular: 'namespace', kind: 'Namespace', namespaced: false, shortNames: ['ns'] },
];

/** By any of kubectl's names for it; undefined for one that podrun does not have. */
export function findResource(name: string): Resource | undefined {
	const wanted = name.toLowerCase();
	return RESOURCES.find(
		(resource) =>
			resource.plural === wanted || resource.singular === wanted || resource.shortNames.includes(wanted),
	);
}

/** Every kind that the verbs know. */
export function allResources(): readonly Resource[] {
	return RESOURCES;
}

/** Undefined for a kind that podrun does not have. */
export function resourceOfKind(kind: string): Resource | undefined {
	return RESOURCES.find((resource) => resource.kind === kind);
}

/** What a command line asked for: one resource with names, or all of its objects when there are none. */
export interface Asked {
	readonly resource: Resource;
	readonly names: readonly string[];
}

/**
 * `pod x y`, `pod/x cm/y`, `pods,cm`: kubectl's ways to name objects. Throws UserError USAGE for a resource
 * type that is not known.
 */
export function parseAsked(args: readonly string[]): readonly Asked[] {
	const [first] = args;
	if (first === undefined) {
		throw usage(
			'You must specify the type of resource',
			`one of: ${RESOURCES.map((resource) => resource.plural).join(', ')}`,
		);
	}
	if (args.some((arg) => arg.includes('/'))) {
		return args.map((arg) => {
			const [type = '', name = '', ...rest] = arg.split('/');
			if (!arg.includes('/') || rest.length > 0 || type === '' || name === '') {
				throw usage(
					`there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'podrun get pod/x' instead of 'podrun get pod pod/x')`,
				);
			}
			return { resource: known(type), names: [name] };
		});
	}
	const types = first.split(',').filter((type) => type !== '');
	if (types.includes('all')) {
		return [{ resource: known('pods'), names: args.slice(1) }];
	}
	return types.map((type) => ({ resource: known(type), names: args.slice(1) }));
}

/** `pod/x` or `x` → `x`; another type is refused. */
export function podName(arg: string): string {
	const slash = arg.indexOf('/');
	if (slash < 0) {
		return arg;
	}
	if (known(arg.slice(0, slash)).kind !== 'Pod') {
		throw usage(`${arg} is no pod`);
	}
	return arg.slice(slash + 1);
}

function known(type: string): Resource {
	const resource = findResource(type);
	if (!resource) {
		throw usage(
			`the server doesn't have a resource type "${type}"`,
			`podrun has: ${RESOURCES.map((each) => each.plural).join(', ')}`,
		);
	}
	return resource;
}
