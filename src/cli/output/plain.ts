/**
 * Text that others have written (termination messages, output of probes in events, reasons) for a terminal: what
 * would move its cursor, change its title or type for its user is shown in caret notation instead, as kubectl does.
 */

/** ESC → ^[, CR → \r, other control characters → ^X, and the 8-bit ones in hex; line feed and tab stay. */
export function plain(text: string): string {
	return text.replace(/\p{Cc}/gu, (char) => {
		const code = char.charCodeAt(0);
		if (char === '\n' || char === '\t') return char;
		if (char === '\r') return '\\r';
		if (code >= 0x80) return `\\x${code.toString(16)}`;
		return `^${String.fromCharCode(code ^ 0x40)}`;
	});
}
