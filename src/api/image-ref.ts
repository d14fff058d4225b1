/**
 * Image references as Docker's reference grammar reads them: `[registry/]repository[:tag][@digest]`, with
 * docker.io and library/ filled in where a short name leaves them out. Pure.
 */

export interface ImageRef {
	/** docker.io, ghcr.io, localhost:5000… */
	readonly registry: string;
	/** library/nginx, owner/name… */
	readonly repository: string;
	/** Undefined when a digest stands instead; `latest` when neither was given. */
	readonly tag?: string;
	/** sha256:… */
	readonly digest?: string;
	/** As a person writes it: `nginx:latest`, `ghcr.io/owner/name@sha256:…`. */
	readonly familiar: string;
	/** With everything filled in: `docker.io/library/nginx:latest`. */
	readonly canonical: string;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
	/^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$|^\[[a-fA-F0-9:]+\](?::[0-9]+)?$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/**
 * Parses a reference.
 * @returns undefined when it is no valid reference: the kubelet's waiting reason is then `InvalidImageName`.
 */
export function parseImageRef(text: string): ImageRef | undefined {
	// 64 hex digits alone are an image id, which is no name (the reference grammar refuses them).
	if (text === '' || /^[a-f0-9]{64}$/.test(text)) return undefined;
	const at = text.indexOf('@');
	const digest = at < 0 ? undefined : text.slice(at + 1);
	if (digest !== undefined && !validDigest(digest)) return undefined;
	const named = at < 0 ? text : text.slice(0, at);

	const colon = named.lastIndexOf(':');
	const tagged = colon > named.lastIndexOf('/');
	const tag = tagged ? named.slice(colon + 1) : undefined;
	if (tag !== undefined && !TAG.test(tag)) return undefined;
	const name = tagged ? named.slice(0, colon) : named;

	const slash = name.indexOf('/');
	const first = slash < 0 ? '' : name.slice(0, slash);
	const hasRegistry =
		slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
	let registry = hasRegistry ? first : 'docker.io';
	let path = hasRegistry ? name.slice(slash + 1) : name;
	if (registry === 'index.docker.io') registry = 'docker.io';
	if (!DOMAIN.test(registry) || path === '' || !path.split('/').every((part) => COMPONENT.test(part))) {
		return undefined;
	}
	if (registry === 'docker.io' && !path.includes('/')) path = `library/${path}`;
	if (`${registry}/${path}`.length > 255) return undefined;

	const effectiveTag = tag ?? (digest === undefined ? 'latest' : undefined);
	const suffix = (effectiveTag ? `:${effectiveTag}` : '') + (digest ? `@${digest}` : '');
	const familiarName =
		registry === 'docker.io' ? path.replace(/^library\/(?=[^/]+$)/, '') : `${registry}/${path}`;
	return {
		registry,
		repository: path,
		...(effectiveTag === undefined ? {} : { tag: effectiveTag }),
		...(digest === undefined ? {} : { digest }),
		familiar: familiarName + suffix,
		canonical: `${registry}/${path}${suffix}`,
	};
}

function validDigest(digest: string): boolean {
	if (!DIGEST.test(digest)) return false;
	const [algorithm = '', hex = ''] = digest.split(':');
	const length = { sha256: 64, sha384: 96, sha512: 128 }[algorithm];
	return length === undefined || (hex.length === length && hex === hex.toLowerCase());
}
