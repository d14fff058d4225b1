/** Rules for paths inside of volumes and on the host: relative where they must be, and never upwards. */
import type { FieldErrors } from './field-errors.ts';

const MODE_MESSAGE = 'must be a number between 0 and 0777 (octal), both inclusive';

/** No element of the path is `..`. */
export function checkNoBacksteps(errors: FieldErrors, path: string, value: string): void {
	if (value.split('/').includes('..')) errors.invalid(path, value, "must not contain '..'");
}

/** Relative, and not upwards: subPath, localhostProfile. */
export function checkDescending(errors: FieldErrors, path: string, value: string): void {
	if (value.startsWith('/')) errors.invalid(path, value, 'must be a relative path');
	checkNoBacksteps(errors, path, value);
}

/** Also not beginning with `..`, which the atomic swap of a volume's files keeps for itself. */
export function checkNonReserved(errors: FieldErrors, path: string, value: string): void {
	checkDescending(errors, path, value);
	if (value.startsWith('..') && !value.startsWith('../') && value !== '..') {
		errors.invalid(path, value, "must not start with '..'");
	}
}

/** Permission bits of a file. */
export function checkMode(errors: FieldErrors, path: string, mode: number | undefined): void {
	if (mode !== undefined && (mode < 0 || mode > 0o777)) errors.invalid(path, mode, MODE_MESSAGE);
}
