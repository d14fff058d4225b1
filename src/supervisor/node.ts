/**
 * The engine as a node: what it can give, under which name and address, and what it will not do (a negative
 * oom_score_adj, where its machine lacks the capability).
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { UserError } from '../api/errors.ts';
import { quantityMilliValue, tryParseQuantity } from '../api/quantity.ts';
import type { Node } from '../api/types.ts';
import { VERSION } from '../api/version.ts';
import type { EngineInfo } from '../engine/engine.ts';
import type { NodeDns, NodeFacts } from '../translate/context.ts';
import { givenCapabilities } from './capabilities.ts';
import type { Absence } from './engine-link.ts';
import { rfc3339 } from './registry.ts';

/**
 * Facts of the node. `env` may hold the quantities PODRUN_NODE_MEMORY and PODRUN_NODE_CPUS: what pods may use of
 * an engine that has others to serve too, as a kubelet's reserved resources do. Throws UserError USAGE for one
 * that is none.
 */
export function nodeFacts(info: EngineInfo, env: NodeJS.ProcessEnv): NodeFacts {
	const dns = info.local ? resolvConf() : undefined;
	const capabilities = info.local ? givenCapabilities() : undefined;
	return {
		name: info.name,
		ip: hostAddress(info),
		cpus: quantityIn(env, 'PODRUN_NODE_CPUS') ?? info.cpus,
		memoryBytes: quantityIn(env, 'PODRUN_NODE_MEMORY') ?? info.memoryBytes,
		apiVersion: info.apiVersion,
		oomScoreAllowed: capabilities?.includes('SYS_RESOURCE') ?? true,
		...(capabilities === undefined ? {} : { capabilities }),
		...(dns === undefined ? {} : { dns }),
	};
}

function quantityIn(env: NodeJS.ProcessEnv, name: string): number | undefined {
	const text = env[name] ?? '';
	if (text === '') return undefined;
	const quantity = tryParseQuantity(text);
	if (quantity === undefined) {
		throw new UserError('USAGE', `${name}: "${text}" is no quantity`, { hint: 'write e.g. 2560Mi or 1.5' });
	}
	return Number(quantityMilliValue(quantity)) / 1000;
}

/** The Node object that `get nodes` shows; without an engine that answers it is not ready, as a kubelet without a runtime. */
export function nodeObject(info: EngineInfo, facts: NodeFacts, startedAt: string, absence?: Absence): Node {
	const amounts = {
		cpu: String(facts.cpus),
		memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
		pods: '1000',
	};
	const arch = info.arch;
	const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
		type,
		status,
		reason,
		message,
		lastHeartbeatTime: startedAt,
		lastTransitionTime: absence === undefined ? startedAt : rfc3339(absence.since),
	});
	const ready =
		absence === undefined
			? condition('Ready', 'True', 'KubeletReady', 'the engine answers')
			: condition('Ready', 'False', 'KubeletNotReady', `container runtime is down: ${absence.why}`);
	return {
		apiVersion: 'v1',
		kind: 'Node',
		metadata: {
			name: facts.name,
			uid: info.id,
			resourceVersion: '1',
			creationTimestamp: startedAt,
			labels: {
				'kubernetes.io/hostname': facts.name,
				'kubernetes.io/os': info.os,
				'kubernetes.io/arch': arch,
			},
		},
		spec: {},
		status: {
			capacity: amounts,
			allocatable: amounts,
			addresses: [
				{ type: 'InternalIP', address: facts.ip },
				{ type: 'Hostname', address: facts.name },
			],
			conditions: [ready],
			nodeInfo: {
				architecture: arch,
				operatingSystem: info.os,
				osImage: info.osImage,
				kernelVersion: info.kernelVersion,
				containerRuntimeVersion: `docker://${info.version}`,
				kubeletVersion: `podrun-${VERSION}`,
				kubeProxyVersion: '',
				machineID: info.id,
				systemUUID: info.id,
				bootID: info.id,
			},
		},
	} as Node;
}

/** On this machine its first outer address, as a kubelet takes it; a remote engine is known by its name only. */
function hostAddress(info: EngineInfo): string {
	if (!info.local) return '127.0.0.1';
	const addresses = Object.entries(networkInterfaces())
		.filter(([name]) => !/^(docker|br-|veth|podrun|cni|virbr)/.test(name))
		.flatMap(([, found]) => found ?? []);
	return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** The node's resolv.conf, for dnsPolicy Default. */
function resolvConf(): NodeDns | undefined {
	try {
		const lines = readFileSync('/etc/resolv.conf', 'utf8').split('\n');
		const words = (key: string): string[] =>
			lines
				.filter((line) => line.startsWith(`${key} `))
				.flatMap((line) => line.split(/\s+/).slice(1).filter(Boolean));
		return { nameservers: words('nameserver'), searches: words('search'), options: words('options') };
	} catch {
		return undefined;
	}
}
