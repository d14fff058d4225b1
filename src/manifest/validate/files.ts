/** Rules for the files that volumes are made of: keys of configs, fields of the Pod. */
import type { KeyToPath, Volume } from '../../api/types.ts';
import { checkFieldRef, checkResourceFieldRef, VOLUME_FIELDS } from './downward.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkMode, checkNonReserved } from './paths.ts';

type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

/** Keys of a ConfigMap or Secret that become files. */
export function checkItems(errors: FieldErrors, path: string, items: readonly KeyToPath[] | undefined): void {
	for (const [index, item] of (items ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (!item.key) errors.required(`${at}.key`);
		if (!item.path) errors.required(`${at}.path`);
		else checkNonReserved(errors, `${at}.path`, item.path);
		checkMode(errors, `${at}.mode`, item.mode);
	}
}

/** One file of the downward API, in a volume of its own or in a projected one. */
export function checkDownwardFile(errors: FieldErrors, path: string, file: DownwardFile): void {
	if (!file.path) errors.required(`${path}.path`);
	else checkNonReserved(errors, `${path}.path`, file.path);
	if (file.fieldRef) {
		checkFieldRef(errors, `${path}.fieldRef`, file.fieldRef, VOLUME_FIELDS);
		if (file.resourceFieldRef) {
			errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
		}
	} else if (file.resourceFieldRef)
		checkResourceFieldRef(errors, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
	else errors.required(path, 'one of fieldRef and resourceFieldRef is required');
	checkMode(errors, `${path}.mode`, file.mode);
}
