/**
 * Tar archives for the tests: the plain old ustar format, enough for what the engine and podrun exchange, and
 * the pax and GNU headers for long names when reading.
 */

export interface TarEntry {
	readonly path: string;
	readonly type: 'file' | 'directory' | 'symlink';
	readonly mode?: number;
	readonly uid?: number;
	readonly gid?: number;
	readonly data?: Buffer | string;
	readonly linkTarget?: string;
}

const BLOCK = 512;
const TYPES = { file: '0', symlink: '2', directory: '5' } as const;

/** An archive of these entries, in this order. Paths are limited to 100 bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
	const blocks: Buffer[] = [];
	for (const entry of entries) {
		const data = Buffer.from(entry.data ?? '');
		const header = Buffer.alloc(BLOCK);
		header.write(
			entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path,
			0,
			100,
		);
		octal(header, 100, 8, entry.mode ?? (entry.type === 'file' ? 0o644 : 0o755));
		octal(header, 108, 8, entry.uid ?? 0);
		octal(header, 116, 8, entry.gid ?? 0);
		octal(header, 124, 12, data.length);
		octal(header, 136, 12, 0);
		header.write(TYPES[entry.type], 156);
		header.write(entry.linkTarget ?? '', 157, 100);
		header.write('ustar\0' + '00', 257, 'latin1');
		header.fill(' ', 148, 156);
		const sum = header.reduce((total, byte) => total + byte, 0);
		header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
		blocks.push(header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK));
	}
	blocks.push(Buffer.alloc(2 * BLOCK));
	return Buffer.concat(blocks);
}

/** The entries of an archive; kinds that the tests have no use for are left out. Directories end without a slash. */
export function untar(archive: Buffer): TarEntry[] {
	const entries: TarEntry[] = [];
	let offset = 0;
	let longName: string | undefined;
	let longLink: string | undefined;
	while (offset + BLOCK <= archive.length) {
		const header = archive.subarray(offset, offset + BLOCK);
		if (header.every((byte) => byte === 0)) break;
		const size = number(header, 124, 12);
		const data = archive.subarray(offset + BLOCK, offset + BLOCK + size);
		offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
		const flag = String.fromCharCode(header[156] ?? 0);
		if (flag === 'L') longName = text(data, 0, data.length);
		else if (flag === 'K') longLink = text(data, 0, data.length);
		else if (flag === 'x') {
			const pax = paxRecords(data);
			longName = pax.get('path') ?? longName;
			longLink = pax.get('linkpath') ?? longLink;
		} else {
			const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : '';
			const name = longName ?? (prefix ? `${prefix}/` : '') + text(header, 0, 100);
			const type = flag === '5' ? 'directory' : flag === '2' ? 'symlink' : 'file';
			if ('\u00000 25'.includes(flag)) {
				entries.push({
					path: name.replace(/\/+$/, ''),
					type,
					mode: number(header, 100, 8),
					uid: number(header, 108, 8),
					gid: number(header, 116, 8),
					...(type === 'file' ? { data: Buffer.from(data) } : {}),
					...(type === 'symlink' ? { linkTarget: longLink ?? text(header, 157, 100) } : {}),
				});
			}
			longName = undefined;
			longLink = undefined;
		}
	}
	return entries;
}

function octal(header: Buffer, at: number, length: number, value: number): void {
	header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
}

function number(header: Buffer, at: number, length: number): number {
	return Number.parseInt(text(header, at, length).trim() || '0', 8);
}

function text(buffer: Buffer, at: number, length: number): string {
	const field = buffer.subarray(at, at + length);
	const end = field.indexOf(0);
	return field.toString('utf8', 0, end < 0 ? field.length : end);
}

function paxRecords(data: Buffer): Map<string, string> {
	const records = new Map<string, string>();
	let rest = data;
	while (rest.length > 0) {
		const space = rest.indexOf(0x20);
		const length = Number(rest.toString('latin1', 0, space));
		if (!(length > space)) break;
		const record = rest.toString('utf8', space + 1, length - 1);
		const equals = record.indexOf('=');
		records.set(record.slice(0, equals), record.slice(equals + 1));
		rest = rest.subarray(length);
	}
	return records;
}
