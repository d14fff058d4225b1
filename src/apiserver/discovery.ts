/** What the API says about itself: versions, groups, resources. OpenAPI stands in openapi.ts. */
import { KUBERNETES_VERSION } from '../api/version.ts';
import { POD_SUBRESOURCES, RESOURCES, type Resource } from './resources.ts';

const STORED_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const NODE_VERBS = ['get', 'list', 'patch', 'watch'];

/** GET /version */
export function versionInfo(): Record<string, string> {
	return {
		...KUBERNETES_VERSION,
		gitVersion: `${KUBERNETES_VERSION.gitVersion}+podrun`,
		gitCommit: '',
		gitTreeState: 'clean',
		buildDate: '1970-01-01T00:00:00Z',
		goVersion: `node ${process.version}`,
		compiler: 'node',
		platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
	};
}

/** GET /api */
export function apiVersions(address: string): unknown {
	return {
		kind: 'APIVersions',
		versions: ['v1'],
		serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
	};
}

/** GET /api/v1 */
export function coreResources(): unknown {
	const resources = RESOURCES.flatMap((resource) => [
		describe(resource),
		...(resource.kind === 'Pod' ? POD_SUBRESOURCES.map(describeSubresource) : []),
	]);
	return { kind: 'APIResourceList', groupVersion: 'v1', resources };
}

function describe(resource: Resource): unknown {
	return {
		name: resource.name,
		singularName: resource.singular,
		namespaced: resource.namespaced,
		kind: resource.kind,
		verbs: resource.stored ? STORED_VERBS : NODE_VERBS,
		...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
		...(resource.categories ? { categories: resource.categories } : {}),
	};
}

function describeSubresource([name, kind, verbs]: (typeof POD_SUBRESOURCES)[number]): unknown {
	const group = kind === 'Eviction' ? { group: 'policy', version: 'v1' } : {};
	return { name: `pods/${name}`, singularName: '', namespaced: true, kind, verbs, ...group };
}

/** The groups beside the core: name, version, and their resources [name, kind, namespaced, verbs]. */
const GROUPS = [
	{
		name: 'authorization.k8s.io',
		version: 'v1',
		resources: [
			['selfsubjectaccessreviews', 'SelfSubjectAccessReview', false, ['create']],
			['selfsubjectrulesreviews', 'SelfSubjectRulesReview', false, ['create']],
		],
	},
	{
		name: 'authentication.k8s.io',
		version: 'v1',
		resources: [['selfsubjectreviews', 'SelfSubjectReview', false, ['create']]],
	},
	{
		name: 'metrics.k8s.io',
		version: 'v1beta1',
		resources: [
			['nodes', 'NodeMetrics', false, ['get', 'list']],
			['pods', 'PodMetrics', true, ['get', 'list']],
		],
	},
] as const;

function groupOf(name: string, version: string): unknown {
	const one = { groupVersion: `${name}/${version}`, version };
	return { kind: 'APIGroup', apiVersion: 'v1', name, versions: [one], preferredVersion: one };
}

/** GET /apis */
export function apiGroups(): unknown {
	return {
		kind: 'APIGroupList',
		apiVersion: 'v1',
		groups: GROUPS.map(({ name, version }) => groupOf(name, version)),
	};
}

/** GET /apis/{group}; undefined: there is none. */
export function apiGroup(name: string | undefined): unknown {
	const group = GROUPS.find((one) => one.name === name);
	return group === undefined ? undefined : groupOf(group.name, group.version);
}

/** GET /apis/{group}/{version}; undefined: there is none. */
export function groupResources(name: string | undefined, version: string | undefined): unknown {
	const group = GROUPS.find((one) => one.name === name && one.version === version);
	if (group === undefined) return undefined;
	return {
		kind: 'APIResourceList',
		apiVersion: 'v1',
		groupVersion: `${name}/${version}`,
		resources: group.resources.map(([resource, kind, namespaced, verbs]) => ({
			name: resource,
			singularName: '',
			namespaced,
			kind,
			verbs,
		})),
	};
}
