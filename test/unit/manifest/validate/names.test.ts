/** Names must be judged in the words of Kubernetes. */
import { describe, expect, test } from 'vitest';
import {
	configKey,
	dnsLabel,
	dnsSubdomain,
	envName,
	httpHeaderName,
	ipAddress,
	labelValue,
	portName,
	qualifiedName,
} from '../../../../src/manifest/validate/names.ts';

const LABEL =
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

test('labels of DNS', () => {
	for (const good of ['a', 'web-1', '1', 'a'.repeat(63)]) expect(dnsLabel(good)).toEqual([]);
	for (const bad of ['', 'A', 'a_b', '-a', 'a-', 'a.b', 'a\n']) expect(dnsLabel(bad)).toEqual([LABEL]);
	expect(dnsLabel('a'.repeat(64))).toEqual(['must be no more than 63 bytes']);
});

test('subdomains of DNS', () => {
	for (const good of ['a', 'a.b-c.d', 'a'.repeat(253)]) expect(dnsSubdomain(good)).toEqual([]);
	for (const bad of ['', 'A', 'a..b', '.a', 'a/b', 'a_b']) expect(dnsSubdomain(bad)).toEqual([SUBDOMAIN]);
	expect(dnsSubdomain('a'.repeat(254))).toEqual(['must be no more than 253 bytes']);
});

describe('keys of labels', () => {
	test.each(['app', 'App_1.x', 'a.b/c', 'kubernetes.io/metadata.name', '1'])('%s is one', (key) => {
		expect(qualifiedName(key)).toEqual([]);
	});
	test.each([
		['', 'name part must be non-empty'],
		['/a', 'prefix part must be non-empty'],
		['a/', 'name part must be non-empty'],
		['a/b/c', 'a qualified name must consist of'],
		['A b', 'name part must consist of alphanumeric characters'],
		['A.B/c', 'prefix part a lowercase RFC 1123 subdomain'],
		['a'.repeat(64), 'name part must be no more than 63 bytes'],
	])('%j is none', (key, why) => {
		expect(qualifiedName(key).join('; ')).toContain(why);
	});
});

test('values of labels may be empty', () => {
	expect(labelValue('')).toEqual([]);
	expect(labelValue('not valid!').join()).toContain('a valid label must be an empty string or consist of');
	expect(labelValue('x'.repeat(64))).toEqual(['must be no more than 63 bytes']);
});

test('keys of configs are file names', () => {
	for (const good of ['a', 'A_b-c.d', '.hidden', '...a'.slice(2)]) expect(configKey(good)).toEqual([]);
	expect(configKey('bad key!').join()).toContain('a valid config key must consist of');
	expect(configKey('.')).toEqual(["must not be '.'"]);
	expect(configKey('..')).toEqual(["must not be '..'"]);
	expect(configKey('..a')).toEqual(["must not start with '..'"]);
});

test('names of variables are printable and hold no =', () => {
	for (const good of ['A', 'a.b-c', '1', 'with space']) expect(envName(good)).toEqual([]);
	for (const bad of ['', 'A=B', 'ü', 'a\nb']) expect(envName(bad)).toHaveLength(1);
});

test('names of ports are short words with a letter', () => {
	expect(portName('http-2')).toEqual([]);
	expect(portName('80')).toEqual(['must contain at least one letter (a-z)']);
	expect(portName('a--b')).toEqual(['must not contain consecutive hyphens']);
	expect(portName('-a')).toEqual(['must not begin or end with a hyphen']);
	expect(portName('A')).toContain('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
	expect(portName('abcdefghijklmnop')).toEqual(['must be no more than 15 bytes']);
});

test('headers and addresses', () => {
	expect(httpHeaderName('X-Forwarded-For')).toEqual([]);
	expect(httpHeaderName('a b')).toHaveLength(1);
	for (const good of ['10.0.0.1', '::1', '2001:db8::ffff']) expect(ipAddress(good)).toEqual([]);
	for (const bad of ['', '10.0.0', 'host', 'fe80::1%eth0', '10.0.0.256']) {
		expect(ipAddress(bad)).toEqual(['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
	}
});
