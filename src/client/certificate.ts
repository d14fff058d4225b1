/**
 * A certificate for loopback, made on the spot: kubectl sends its token over TLS only, and Node signs but does
 * not write X.509, so the few DER structures that a self-signed one needs are put together here (RFC 5280).
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
	/** PEM; it is its own authority. */
	readonly certificate: string;
	/** PEM, PKCS #8. Never leaves the process. */
	readonly key: string;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const SUBJECT_ALT_NAME = '2.5.29.17';

const HOUR = 3_600_000;

/** A new key (P-256) and its certificate for localhost, 127.0.0.1 and ::1, good from an hour ago for a year. */
export function makeLoopbackCertificate(now: Date): Certificate {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const algorithm = sequence(oid(ECDSA_WITH_SHA256));
	const name = sequence(set(sequence(oid(COMMON_NAME), tagged(0x0c, Buffer.from('podrun loopback')))));
	const validity = sequence(
		time(new Date(now.getTime() - HOUR)),
		time(new Date(now.getTime() + 365 * 24 * HOUR)),
	);
	const body = sequence(
		tagged(0xa0, integer(Buffer.of(2))),
		integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
		algorithm,
		name,
		validity,
		name,
		publicKey.export({ type: 'spki', format: 'der' }),
		tagged(0xa3, extensions()),
	);
	const signature = sign('sha256', body, privateKey);
	const certificate = sequence(body, algorithm, bits(signature));
	return {
		certificate: pem('CERTIFICATE', certificate),
		key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
	};
}

function extensions(): Buffer {
	const yes = tagged(0x01, Buffer.of(0xff));
	const names = sequence(
		tagged(0x82, Buffer.from('localhost')),
		tagged(0x87, Buffer.of(127, 0, 0, 1)),
		tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
	);
	return sequence(
		extension(BASIC_CONSTRAINTS, sequence(yes), yes),
		// digitalSignature and keyCertSign
		extension(KEY_USAGE, tagged(0x03, Buffer.of(2, 0x84)), yes),
		extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH))),
		extension(SUBJECT_ALT_NAME, names),
	);
}

function extension(id: string, value: Buffer, critical?: Buffer): Buffer {
	return sequence(oid(id), ...(critical ? [critical] : []), tagged(0x04, value));
}

function tagged(tag: number, content: Buffer): Buffer {
	return Buffer.concat([Buffer.of(tag), lengthOf(content), content]);
}

function lengthOf(content: Buffer): Buffer {
	const { length } = content;
	if (length < 0x80) return Buffer.of(length);
	return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}

function sequence(...parts: readonly Buffer[]): Buffer {
	return tagged(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
	return tagged(0x31, Buffer.concat(parts));
}

/** Big-endian, non-negative, without needless zeros in front. */
function integer(bytes: Buffer): Buffer {
	return tagged(0x02, bytes);
}

function bits(bytes: Buffer): Buffer {
	return tagged(0x03, Buffer.concat([Buffer.of(0), bytes]));
}

function oid(dotted: string): Buffer {
	const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
	const bytes = [first * 40 + second];
	for (const arc of rest) {
		const groups = [arc & 0x7f];
		for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
		bytes.push(...groups);
	}
	return tagged(0x06, Buffer.from(bytes));
}

/** UTCTime, as RFC 5280 wants it until 2049, GeneralizedTime after. */
function time(at: Date): Buffer {
	const digits = `${at.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')}`;
	return at.getUTCFullYear() < 2050
		? tagged(0x17, Buffer.from(digits.slice(2)))
		: tagged(0x18, Buffer.from(digits));
}

function pem(label: string, der: Buffer): string {
	const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
