/**
 * Runs one of the build's files with the bytecode that an earlier run of the same verb has left. Node's own compile
 * cache keeps what a file's first lines need; here the functions that were called are kept too, which are most of
 * what a verb waits for. The bytecode lies in the folder of Node's cache, which is one for each Node, set of flags
 * and user; it is used only if nobody else can have written it and the file is the very one it was made from.
 */
import {
	closeSync,
	fstatSync,
	lstatSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	type Stats,
	statSync,
	writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { nameHash } from '../client/name-hash.ts';

/** Bytes at the beginning that say what the bytecode was made from. */
const HEAD = 128;

/** ms after which a process that goes on keeps what it has called so far. */
const KEEP_AFTER = 20_000;

/**
 * Runs the CommonJS file, which may ask for Node's own modules only, and returns its exports. Bytecode is kept by the
 * first run of the verb that succeeds or goes on for a while. Throws what the file throws.
 */
export function loadCached<T>(file: string, verb = process.argv[2] ?? ''): T {
	const place = cacheFile(file, verb);
	const identity = identityOf(file);
	const kept = place === undefined ? undefined : read(place, identity);
	const script = new Script(
		// ASCII by the build: one byte a character, as V8 keeps it.
		`(function (exports, require, module, __filename) {${readFileSync(file, 'latin1')}\n})`,
		{
			filename: file,
			importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
			...(kept === undefined ? {} : { cachedData: kept }),
		},
	);
	if (place !== undefined && (kept === undefined || script.cachedDataRejected)) {
		const keep = (): void => write(place, identity, script.createCachedData());
		process.once('exit', (code) => code === 0 && keep());
		setTimeout(keep, KEEP_AFTER).unref();
	}
	const module = { exports: {} as T };
	script.runInThisContext()(module.exports, builtin, module, file);
	return module.exports;
}

function builtin(name: string): unknown {
	const found = process.getBuiltinModule(name);
	if (found === undefined) throw new Error(`Cannot find module '${name}'`);
	return found;
}

/** Undefined: Node keeps no cache, or others may write where it does. */
function cacheFile(file: string, verb: string): string | undefined {
	const folder = process.getBuiltinModule('node:module').getCompileCacheDir?.();
	if (folder === undefined || !/^[a-z][a-z-]*$/.test(verb)) return undefined;
	try {
		if (!isOurs(lstatSync(folder))) return undefined;
		// Of several installations each has its own.
		return join(folder, `podrun-${nameHash(file)}-${basename(file, '.cjs')}-${verb}`);
	} catch {
		return undefined;
	}
}

/** Nobody else can have written to it. */
function isOurs({ uid, mode }: Stats): boolean {
	return uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0;
}

/** Changes whenever the file does: V8 itself compares lengths only. */
function identityOf(file: string): string {
	const { ino, size, ctimeMs } = statSync(file);
	return `${ino} ${size} ${ctimeMs} ${file}`.slice(0, HEAD).padEnd(HEAD);
}

function read(place: string, identity: string): Buffer | undefined {
	let file: number | undefined;
	try {
		file = openSync(place, 'r');
		// Asked of what was opened: the folder above belongs to whoever was the first to make it.
		if (!isOurs(fstatSync(file))) return undefined;
		const found = readFileSync(file);
		return found.toString('latin1', 0, HEAD) === identity ? found.subarray(HEAD) : undefined;
	} catch {
		return undefined;
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

function write(place: string, identity: string, code: Buffer): void {
	const draft = `${place}.${process.pid}`;
	try {
		writeFileSync(draft, Buffer.concat([Buffer.from(identity, 'latin1'), code]), { mode: 0o600, flag: 'wx' });
		renameSync(draft, place);
	} catch {
		// No room, or not allowed: the next start is as slow as this one.
		rmSync(draft, { force: true });
	}
}
