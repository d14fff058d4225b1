/** Colours of the log prefixes, in the order in which compose gives them, and a few for words. */

const PREFIXES = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94] as const;

export type Paint = (text: string) => string;

/** SGR codes around a text, or the text as it is. */
export function painter(code: number | string, enabled: boolean): Paint {
	return enabled ? (text) => `\u001b[${code}m${text}\u001b[0m` : (text) => text;
}

/** The n-th prefix's colour. */
export function prefixPaint(index: number, enabled: boolean): Paint {
	return painter(PREFIXES[index % PREFIXES.length] as number, enabled);
}
