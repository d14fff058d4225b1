/** Defaults of a Pod's volumes. The volume that is given is changed in place. */
import type { Volume } from '../../api/types.ts';
import { defaultPullPolicy } from './pull-policy.ts';

/** 0644 */
const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;

/** What the API server fills in where the volume says nothing. */
export function defaultVolume(volume: Volume): void {
	// A volume that names no source is an empty folder.
	if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
	if (volume.hostPath) volume.hostPath.type ??= '';
	if (volume.secret) volume.secret.defaultMode ??= FILE_MODE;
	if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE;
	if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
	if (volume.downwardAPI) {
		volume.downwardAPI.defaultMode ??= FILE_MODE;
		for (const file of volume.downwardAPI.items ?? []) defaultDownwardFile(file);
	}
	if (volume.projected) defaultProjected(volume.projected);
	const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
	if (claim) claim.volumeMode ??= 'Filesystem';
}

function defaultProjected(source: NonNullable<Volume['projected']>): void {
	source.defaultMode ??= FILE_MODE;
	for (const projection of source.sources ?? []) {
		for (const file of projection.downwardAPI?.items ?? []) defaultDownwardFile(file);
		if (projection.serviceAccountToken) projection.serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
	}
}

interface DownwardFile {
	fieldRef?: { apiVersion?: string };
	resourceFieldRef?: { divisor?: string | number };
}

function defaultDownwardFile(file: DownwardFile): void {
	if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1';
	if (file.resourceFieldRef) file.resourceFieldRef.divisor ??= '0';
}
