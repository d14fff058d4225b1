/** Rules for a container's environment: env and envFrom. */
import type { EnvFromSource, EnvVar } from '../../api/types.ts';
import { checkFieldRef, checkResourceFieldRef, ENV_FIELDS } from './downward.ts';
import type { FieldErrors } from './field-errors.ts';
import { configKey, dnsSubdomain, envName } from './names.ts';
import { checkNonReserved } from './paths.ts';

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

/** Each variable has a name, and a value or one source. */
export function checkEnv(errors: FieldErrors, path: string, variables: readonly EnvVar[] | undefined): void {
	for (const [index, variable] of (variables ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (!variable.name) errors.required(`${at}.name`);
		else errors.invalidAll(`${at}.name`, variable.name, envName(variable.name));
		checkValueFrom(errors, `${at}.valueFrom`, variable);
	}
}

function checkValueFrom(errors: FieldErrors, path: string, variable: EnvVar): void {
	const from = variable.valueFrom;
	if (!from) return;
	if (from.fieldRef) checkFieldRef(errors, `${path}.fieldRef`, from.fieldRef, ENV_FIELDS);
	if (from.resourceFieldRef)
		checkResourceFieldRef(errors, `${path}.resourceFieldRef`, from.resourceFieldRef, false);
	for (const field of ['configMapKeyRef', 'secretKeyRef'] as const) {
		const ref = from[field];
		if (!ref) continue;
		errors.invalidAll(`${path}.${field}.name`, ref.name ?? '', dnsSubdomain(ref.name ?? ''));
		if (!ref.key) errors.required(`${path}.${field}.key`);
		else errors.invalidAll(`${path}.${field}.key`, ref.key, configKey(ref.key));
	}
	if (from.fileKeyRef) {
		const at = `${path}.fileKeyRef`;
		if (!from.fileKeyRef.key) errors.required(`${at}.key`);
		else errors.invalidAll(`${at}.key`, from.fileKeyRef.key, envName(from.fileKeyRef.key));
		if (!from.fileKeyRef.volumeName) errors.required(`${at}.volumeName`);
		if (!from.fileKeyRef.path) errors.required(`${at}.path`);
		else checkNonReserved(errors, `${at}.path`, from.fileKeyRef.path);
	}
	const given = SOURCES.filter((source) => from[source] !== undefined).length;
	if (given === 0) {
		errors.invalid(
			path,
			'',
			'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
		);
	} else if (variable.value) errors.invalid(path, '', 'may not be specified when `value` is not empty');
	else if (given > 1) errors.invalid(path, '', 'may not have more than one field specified at a time');
}

/** Each item has one source, and a prefix that can begin a variable's name. */
export function checkEnvFrom(
	errors: FieldErrors,
	path: string,
	sources: readonly EnvFromSource[] | undefined,
): void {
	for (const [index, source] of (sources ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (source.prefix) errors.invalidAll(`${at}.prefix`, source.prefix, envName(source.prefix));
		let given = 0;
		for (const field of ['configMapRef', 'secretRef'] as const) {
			const ref = source[field];
			if (!ref) continue;
			given += 1;
			if (!ref.name) errors.required(`${at}.${field}.name`);
			else errors.invalidAll(`${at}.${field}.name`, ref.name, dnsSubdomain(ref.name));
		}
		if (given === 0) errors.invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`');
		else if (given > 1) errors.invalid(at, '', 'may not have more than one field specified at a time');
	}
}
