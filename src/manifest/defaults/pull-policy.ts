/** The pull policy of an image for which none was written. */
import { parseImageRef } from '../../api/image-ref.ts';

/** Always for `latest` or no tag, IfNotPresent for everything else, digests included. */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
	return parseImageRef(image ?? '')?.tag === 'latest' ? 'Always' : 'IfNotPresent';
}
