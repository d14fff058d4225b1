/**
 * A container's environment: envFrom, then env, each value expanded with what stands before it. What refers to
 * something that is not there keeps the container from being made, unless it is optional.
 */
import type { AnyContainer, ConfigMap, Container, EnvVar, Pod, Secret } from '../api/types.ts';
import type { PodContext, References } from './context.ts';
import { envFileKey, envFileValue } from './env-files.ts';
import { ConfigError, MissingReference, type Translated } from './errors.ts';
import { expand } from './expansion.ts';
import { fieldValue, resourceValue } from './fields.ts';
import { podNames } from './hostname.ts';
import { allContainers } from './volumes.ts';

export interface EnvContext extends PodContext {
	readonly refs: References;
	readonly serviceEnv?: Readonly<Record<string, string>>;
	/** Texts of the files that `envFilesOf` names, by `envFileKey`; those that are not there are left out. */
	readonly envFiles?: ReadonlyMap<string, string>;
}

const REASON = 'CreateContainerConfigError';

/**
 * The variables in order. Notes tell of keys that can't be names of variables and were left out.
 * @throws MissingReference, ConfigError (CreateContainerConfigError) in the kubelet's words.
 */
export function containerEnv(
	pod: Pod,
	container: AnyContainer,
	context: EnvContext,
): Translated<ReadonlyMap<string, string>> {
	const variables = new Map<string, string>();
	const notes: string[] = [];
	for (const [name, value] of fromSources(pod, container, context, notes)) variables.set(name, value);
	const services = new Map(Object.entries(context.serviceEnv ?? {}));
	for (const variable of container.env ?? []) {
		// As in Kubernetes, a variable may name an earlier one, one of envFrom, or one of a service.
		const known = services.size > 0 ? new Map([...services, ...variables]) : variables;
		const value = variableValue(pod, container, variable, context, known);
		if (value !== undefined) variables.set(variable.name, value);
	}
	for (const [name, value] of services) if (!variables.has(name)) variables.set(name, value);
	return { options: variables, notes };
}

/**
 * KEY=value lines for the engine. HOSTNAME is set as container runtimes do, unless the pod sets its own.
 */
export function envLines(pod: Pod, variables: ReadonlyMap<string, string>, context: PodContext): string[] {
	const hostname = pod.spec.hostNetwork ? context.node.name : podNames(pod).hostname;
	const lines = [...variables].map(([name, value]) => `${name}=${value}`);
	return variables.has('HOSTNAME') ? lines : [`HOSTNAME=${hostname}`, ...lines];
}

function* fromSources(
	pod: Pod,
	container: AnyContainer,
	context: EnvContext,
	notes: string[],
): Generator<[string, string]> {
	const namespace = pod.metadata.namespace ?? 'default';
	for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
		const found = configMapRef
			? stringsOf(configMap(context, configMapRef.name ?? '', configMapRef.optional))
			: secretStrings(secret(context, secretRef?.name ?? '', secretRef?.optional));
		const skipped: string[] = [];
		for (const [key, value] of found) {
			const name = prefix + key;
			if (isVariableName(name)) yield [name, value];
			else skipped.push(name);
		}
		if (skipped.length > 0) {
			const source = configMapRef
				? `configMap ${namespace}/${configMapRef.name}`
				: `secret ${namespace}/${secretRef?.name}`;
			notes.push(
				`Keys [${skipped.sort().join(', ')}] from the EnvFrom ${source} were skipped since they are considered invalid environment variable names.`,
			);
		}
	}
}

function variableValue(
	pod: Pod,
	container: AnyContainer,
	variable: EnvVar,
	context: EnvContext,
	known: ReadonlyMap<string, string>,
): string | undefined {
	const { value, valueFrom } = variable;
	if (!valueFrom) return expand(value ?? '', known);
	const namespace = pod.metadata.namespace ?? 'default';
	if (valueFrom.fieldRef) {
		const { fieldPath } = valueFrom.fieldRef;
		const text = fieldValue(pod, fieldPath, context);
		if (text === undefined) throw new ConfigError(REASON, `unsupported fieldPath: ${fieldPath}`);
		return text;
	}
	if (valueFrom.resourceFieldRef) {
		const { containerName, resource, divisor } = valueFrom.resourceFieldRef;
		const owner = containerName ? named(pod, containerName) : container;
		const text = owner && resourceValue(pod, owner as Container, { resource, divisor }, context);
		if (!owner) throw new ConfigError(REASON, `couldn't find container ${containerName}`);
		if (text === undefined) throw new ConfigError(REASON, `unsupported container resource : ${resource}`);
		return text;
	}
	if (valueFrom.configMapKeyRef) {
		const { name = '', key, optional } = valueFrom.configMapKeyRef;
		const found = stringsOf(configMap(context, name, optional)).get(key);
		if (found === undefined && !optional) {
			throw new MissingReference(REASON, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
		}
		return found;
	}
	if (valueFrom.secretKeyRef) {
		const { name = '', key, optional } = valueFrom.secretKeyRef;
		const found = secretStrings(secret(context, name, optional)).get(key);
		if (found === undefined && !optional) {
			throw new MissingReference(REASON, `couldn't find key ${key} in Secret ${namespace}/${name}`);
		}
		return found;
	}
	if (valueFrom.fileKeyRef) {
		const { volumeName, path, key, optional = false } = valueFrom.fileKeyRef;
		const file = { volume: volumeName, path };
		return envFileValue(context.envFiles?.get(envFileKey(file)), file, key, optional);
	}
	throw new ConfigError(REASON, `the source of variable ${variable.name} is not supported`);
}

/** Any container of the pod by name. */
export function named(pod: Pod, name: string): AnyContainer | undefined {
	return allContainers(pod).find((one) => one.name === name);
}

/** @throws MissingReference unless optional. */
export function configMap(
	{ refs }: Pick<EnvContext, 'refs'>,
	name: string,
	optional: boolean | undefined,
	reason: MissingReference['reason'] = REASON,
): ConfigMap | undefined {
	const found = refs.configMap(name);
	if (!found && !optional) throw new MissingReference(reason, `configmap "${name}" not found`);
	return found;
}

/** @throws MissingReference unless optional. */
export function secret(
	{ refs }: Pick<EnvContext, 'refs'>,
	name: string,
	optional: boolean | undefined,
	reason: MissingReference['reason'] = REASON,
): Secret | undefined {
	const found = refs.secret(name);
	if (!found && !optional) throw new MissingReference(reason, `secret "${name}" not found`);
	return found;
}

/** Variables come of `data` alone; binaryData has no place in an environment. */
function stringsOf(found: ConfigMap | undefined): ReadonlyMap<string, string> {
	return new Map(Object.entries(found?.data ?? {}).map(([key, value]) => [key, String(value)]));
}

/** data is base64; stringData, where it was not merged yet, wins. */
export function secretBytes(found: Secret | undefined): ReadonlyMap<string, Buffer> {
	const bytes = new Map<string, Buffer>();
	for (const [key, value] of Object.entries(found?.data ?? {}))
		bytes.set(key, Buffer.from(String(value), 'base64'));
	for (const [key, value] of Object.entries(found?.stringData ?? {}))
		bytes.set(key, Buffer.from(String(value)));
	return bytes;
}

function secretStrings(found: Secret | undefined): ReadonlyMap<string, string> {
	return new Map([...secretBytes(found)].map(([key, value]) => [key, value.toString('utf8')]));
}

/** Printable ASCII but for `=`, the rule since 1.32. */
function isVariableName(name: string): boolean {
	return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
}
