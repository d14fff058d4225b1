/** Rules for projected volumes: several sources in one folder, no two of which may write the same file. */
import type { Volume, VolumeProjection } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkDownwardFile, checkItems } from './files.ts';
import { checkMode, checkNonReserved } from './paths.ts';
import { checkLabelSelector } from './selectors.ts';

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

/** Each source is one, and no two write the same path. */
export function checkProjected(
	errors: FieldErrors,
	path: string,
	source: NonNullable<Volume['projected']>,
): void {
	checkMode(errors, `${path}.defaultMode`, source.defaultMode);
	const paths = new Set<string>();
	for (const [index, projection] of (source.sources ?? []).entries()) {
		const at = `${path}.sources[${index}]`;
		const given = Object.keys(projection).length;
		if (given > 1) errors.forbidden(at, 'may not specify more than 1 volume type per source');
		checkProjection(errors, at, projection, (file) => {
			if (!file) return;
			if (paths.has(file)) errors.invalid(path, file, 'conflicting duplicate paths');
			paths.add(file);
		});
	}
}

function checkProjection(
	errors: FieldErrors,
	path: string,
	projection: VolumeProjection,
	claim: (file: string | undefined) => void,
): void {
	for (const kind of ['secret', 'configMap'] as const) {
		const source = projection[kind];
		if (!source) continue;
		if (!source.name) errors.required(`${path}.${kind}.name`);
		checkItems(errors, `${path}.${kind}.items`, source.items);
		for (const item of source.items ?? []) claim(item.path);
	}
	for (const [index, file] of (projection.downwardAPI?.items ?? []).entries()) {
		checkDownwardFile(errors, `${path}.downwardAPI.items[${index}]`, file);
		claim(file.path);
	}
	const token = projection.serviceAccountToken;
	if (token) {
		const at = `${path}.serviceAccountToken`;
		const seconds = token.expirationSeconds ?? 3600;
		if (seconds < MIN_TOKEN_SECONDS)
			errors.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
		if (seconds > MAX_TOKEN_SECONDS)
			errors.invalid(
				`${at}.expirationSeconds`,
				seconds,
				'may not specify a duration larger than 2^32 seconds',
			);
		if (!token.path) errors.required(`${at}.path`);
		else checkNonReserved(errors, `${at}.path`, token.path);
	}
	const bundle = projection.clusterTrustBundle;
	if (bundle) checkTrustBundle(errors, `${path}.clusterTrustBundle`, bundle, claim);
}

function checkTrustBundle(
	errors: FieldErrors,
	path: string,
	bundle: NonNullable<VolumeProjection['clusterTrustBundle']>,
	claim: (file: string | undefined) => void,
): void {
	if (bundle.name !== undefined && bundle.signerName !== undefined) {
		errors.invalid(path, bundle, 'only one of name and signerName may be used');
	} else if (bundle.name !== undefined) {
		if (bundle.name === '') errors.required(`${path}.name`, 'must be a valid object name');
		if (bundle.labelSelector)
			errors.invalid(
				`${path}.labelSelector`,
				bundle.labelSelector,
				'labelSelector must be unset if name is specified',
			);
	} else if (bundle.signerName !== undefined) {
		if (bundle.signerName === '') errors.required(`${path}.signerName`, 'must be a valid signer name');
		checkLabelSelector(errors, `${path}.labelSelector`, bundle.labelSelector);
	} else errors.required(path, 'either name or signerName must be specified');
	if (!bundle.path) errors.required(`${path}.path`);
	else checkNonReserved(errors, `${path}.path`, bundle.path);
	claim(bundle.path);
}
