/**
 * Messages of Kubernetes' channel protocols on a WebSocket: a channel's number and bytes. Binary protocols carry
 * both as bytes; `base64.` ones, for clients that can send text only, as a digit and base64.
 */
import type { RawData } from 'ws';
import { asBuffer } from './sockets.ts';

export interface Framing {
	encode(channel: number, payload: Buffer): Buffer | string;
	/** Undefined for a message that is none of this protocol. */
	decode(data: RawData): { readonly channel: number; readonly payload: Buffer } | undefined;
}

/** The framing of a protocol such as `v4.base64.channel.k8s.io`. */
export function framingOf(protocol: string): Framing {
	return protocol.includes('base64.') ? BASE64 : BINARY;
}

const BINARY: Framing = {
	encode: (channel, payload) => Buffer.concat([Buffer.of(channel), payload]),
	decode(data) {
		const message = asBuffer(data);
		const channel = message[0];
		return channel === undefined ? undefined : { channel, payload: message.subarray(1) };
	},
};

/** The digit is '0' plus the channel, also where that is beyond 9. */
const ZERO = 0x30;

const BASE64: Framing = {
	encode: (channel, payload) => `${String.fromCharCode(ZERO + channel)}${payload.toString('base64')}`,
	decode(data) {
		const message = asBuffer(data);
		const digit = message[0];
		if (digit === undefined || digit < ZERO) return undefined;
		return {
			channel: digit - ZERO,
			payload: Buffer.from(message.subarray(1).toString('latin1'), 'base64'),
		};
	},
};
