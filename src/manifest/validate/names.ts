/**
 * The words that Kubernetes allows as names, labels, keys and ports. Each function returns what is wrong with
 * a word, in apimachinery's wording, and nothing when all is well.
 */
import { isIP } from 'node:net';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_UNDERSCORE = '[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?';
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const HEADER = '[-A-Za-z0-9]+';
const ENV_NAME = '[ -<>-~]+';

const LABEL_MESSAGE =
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_MESSAGE =
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const SUBDOMAIN_UNDERSCORE_MESSAGE =
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_MESSAGE =
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_MESSAGE = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;

const PATTERNS = new Map<string, RegExp>();

/** The whole word, and only one line of it. No pattern here backtracks: each is linear in the word. */
function matches(pattern: string, word: string): boolean {
	let compiled = PATTERNS.get(pattern);
	if (!compiled) {
		compiled = new RegExp(`^(?:${pattern})$`);
		PATTERNS.set(pattern, compiled);
	}
	return compiled.test(word);
}

function explain(message: string, pattern: string, ...examples: string[]): string {
	const told = examples.map((example) => `'${example}', `).join(' or ');
	return `${message} (e.g. ${told}regex used for validation is '${pattern}')`;
}

const tooLong = (most: number): string => `must be no more than ${most} bytes`;

/** Bytes of a text in UTF-8, which is what Kubernetes counts. */
export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

/** At the most 63 of `a-z0-9-`, as container names, hostnames and namespaces are. */
export function dnsLabel(word: string): string[] {
	const found = [];
	if (word.length > 63) found.push(tooLong(63));
	if (word.length > 1000 || !matches(LABEL, word))
		found.push(explain(LABEL_MESSAGE, LABEL, 'my-name', '123-abc'));
	return found;
}

/** Labels joined by dots, at the most 253 characters, as most objects' names are. */
export function dnsSubdomain(word: string): string[] {
	const found = [];
	if (word.length > 253) found.push(tooLong(253));
	if (word.length > 4000 || !matches(SUBDOMAIN, word))
		found.push(explain(SUBDOMAIN_MESSAGE, SUBDOMAIN, 'example.com'));
	return found;
}

/** DNS search paths may hold underscores. */
export function dnsSubdomainWithUnderscore(word: string): string[] {
	const found = [];
	if (word.length > 253) found.push(tooLong(253));
	if (word.length > 4000 || !matches(SUBDOMAIN_UNDERSCORE, word)) {
		found.push(explain(SUBDOMAIN_UNDERSCORE_MESSAGE, SUBDOMAIN_UNDERSCORE, 'example.com'));
	}
	return found;
}

/** A key of labels and annotations: `name` or `prefix.example.com/name`. */
export function qualifiedName(word: string): string[] {
	const found: string[] = [];
	const parts = word.split('/');
	const name = parts.at(-1) ?? '';
	if (parts.length > 2) {
		const message = `a qualified name ${QUALIFIED_MESSAGE}`;
		return [
			`${explain(message, QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
		];
	}
	if (parts.length === 2) {
		const prefix = parts[0] ?? '';
		if (prefix === '') found.push('prefix part must be non-empty');
		else found.push(...dnsSubdomain(prefix).map((problem) => `prefix part ${problem}`));
	}
	if (name === '') found.push('name part must be non-empty');
	else if (name.length > 63) found.push(`name part ${tooLong(63)}`);
	if (name.length > 1000 || !matches(QUALIFIED, name)) {
		found.push(`name part ${explain(QUALIFIED_MESSAGE, QUALIFIED, 'MyName', 'my.name', '123-abc')}`);
	}
	return found;
}

/** A label's value: empty, or at the most 63 characters. */
export function labelValue(word: string): string[] {
	const found = [];
	if (word.length > 63) found.push(tooLong(63));
	if (word.length > 1000 || !matches(LABEL_VALUE, word)) {
		found.push(explain(LABEL_VALUE_MESSAGE, LABEL_VALUE, 'MyValue', 'my_value', '12345'));
	}
	return found;
}

/** A key of a ConfigMap or Secret: it becomes a file name. */
export function configKey(word: string): string[] {
	const found = [];
	if (word.length > 253) found.push(tooLong(253));
	if (!matches(CONFIG_KEY, word)) {
		const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
		found.push(explain(message, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'));
	}
	if (word === '.') found.push("must not be '.'");
	else if (word === '..') found.push("must not be '..'");
	else if (word.startsWith('..')) found.push("must not start with '..'");
	return found;
}

/** Any printable ASCII but `=`, as Kubernetes allows since 1.32. */
export function envName(word: string): string[] {
	if (matches(ENV_NAME, word)) return [];
	return [
		"a valid environment variable name must consist only of printable ASCII characters other than '='" +
			` (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '^${ENV_NAME}$')`,
	];
}

/** An IANA service name: at the most 15 of `a-z0-9-`, with a letter. */
export function portName(word: string): string[] {
	const found = [];
	if (word.length > 15) found.push(tooLong(15));
	if (!/^[-a-z0-9]+$/.test(word))
		found.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
	if (!/[a-z]/.test(word)) found.push('must contain at least one letter (a-z)');
	if (word.includes('--')) found.push('must not contain consecutive hyphens');
	if (word.startsWith('-') || word.endsWith('-')) found.push('must not begin or end with a hyphen');
	return found;
}

/** 1 to 65535. */
export function portNumber(port: number): string[] {
	return port >= 1 && port <= 65535 ? [] : [rangeMessage(1, 65535)];
}

/** `must be between A and B, inclusive` */
export const rangeMessage = (low: number, high: number): string =>
	`must be between ${low} and ${high}, inclusive`;

/** A numeric user or group id of Linux. */
export function linuxId(id: number): string[] {
	return id >= 0 && id <= 2 ** 31 - 1 ? [] : [rangeMessage(0, 2 ** 31 - 1)];
}

/** Of a probe's or hook's header. */
export function httpHeaderName(word: string): string[] {
	if (matches(HEADER, word)) return [];
	const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
	return [explain(message, HEADER, 'X-Header-Name')];
}

/** IPv4 or IPv6, without a zone. */
export function ipAddress(word: string): string[] {
	return isIP(word) === 0 || word.includes('%')
		? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
		: [];
}
