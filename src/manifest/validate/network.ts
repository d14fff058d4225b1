/** Rules for a Pod's names, DNS, hosts file and ports on the host's network. */
import type { PodSpec } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { dnsLabel, dnsSubdomain, dnsSubdomainWithUnderscore, ipAddress } from './names.ts';

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARS = 2048;
/** HOST_NAME_MAX of Linux. */
const MAX_HOSTNAME = 64;

/** Hostname, subdomain, DNS policy and config, host aliases, and ports on the host's network. */
export function checkNetwork(errors: FieldErrors, spec: PodSpec): void {
	if (spec.hostname) errors.invalidAll('spec.hostname', spec.hostname, dnsLabel(spec.hostname));
	if (spec.subdomain) errors.invalidAll('spec.subdomain', spec.subdomain, dnsLabel(spec.subdomain));
	checkHostnameOverride(errors, spec);
	errors.oneOf('spec.dnsPolicy', spec.dnsPolicy, DNS_POLICIES, 'allowed');
	checkDnsConfig(errors, spec);
	for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
		const at = `spec.hostAliases[${index}]`;
		errors.invalidAll(`${at}.ip`, alias.ip ?? '', ipAddress(alias.ip ?? ''));
		for (const [place, name] of (alias.hostnames ?? []).entries()) {
			errors.invalidAll(`${at}.hostnames[${place}]`, name, dnsSubdomain(name));
		}
	}
	if (!spec.hostNetwork) return;
	for (const [index, container] of (spec.containers ?? []).entries()) {
		for (const [place, port] of (container.ports ?? []).entries()) {
			if (port.hostPort === undefined || port.hostPort === port.containerPort) continue;
			const at = `spec.containers[${index}].ports[${place}].hostPort`;
			errors.invalid(at, port.hostPort, 'must match `containerPort` when `hostNetwork` is true');
		}
	}
}

function checkHostnameOverride(errors: FieldErrors, spec: PodSpec): void {
	const path = 'spec.hostnameOverride';
	const name = spec.hostnameOverride;
	if (name === undefined) return;
	if (spec.hostNetwork) errors.forbidden(path, 'may not be set when `hostNetwork` is true');
	if (spec.setHostnameAsFQDN) errors.forbidden(path, 'may not be set when `setHostnameAsFQDN` is true');
	errors.invalidAll(path, name, dnsSubdomain(name));
	if (name.length > MAX_HOSTNAME) errors.tooLong(path, MAX_HOSTNAME);
}

function checkDnsConfig(errors: FieldErrors, spec: PodSpec): void {
	const path = 'spec.dnsConfig';
	const config = spec.dnsConfig;
	if (spec.dnsPolicy === 'None') {
		if (!config) {
			errors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
			return;
		}
		if (!config.nameservers?.length) {
			errors.required(
				`${path}.nameservers`,
				'must provide at least one DNS nameserver when `dnsPolicy` is None',
			);
			return;
		}
	}
	if (!config) return;
	const { nameservers = [], searches = [], options = [] } = config;
	if (nameservers.length > MAX_NAMESERVERS) {
		errors.invalid(
			`${path}.nameservers`,
			nameservers,
			`must not have more than ${MAX_NAMESERVERS} nameservers`,
		);
	}
	for (const [index, server] of nameservers.entries()) {
		errors.invalidAll(`${path}.nameservers[${index}]`, server, ipAddress(server));
	}
	if (searches.length > MAX_SEARCHES) {
		errors.invalid(`${path}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`);
	}
	if (searches.join(' ').length > MAX_SEARCH_CHARS) {
		const why = `must not have more than ${MAX_SEARCH_CHARS} characters (including spaces) in the search list`;
		errors.invalid(`${path}.searches`, searches, why);
	}
	for (const [index, search] of searches.entries()) {
		if (search === '.') continue;
		const name = search.replace(/\.$/, '');
		errors.invalidAll(`${path}.searches[${index}]`, name, dnsSubdomainWithUnderscore(name));
	}
	for (const [index, option] of options.entries()) {
		if (!option.name) errors.required(`${path}.options[${index}]`, 'must not be empty');
	}
}
