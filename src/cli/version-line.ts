/** `podrun version` in one line: apart from the verb, which can also print it as YAML. */
import { VERSION } from '../api/version.ts';

/** `podrun 0.1.0 (node v24.21.0, linux/x64)` */
export function versionLine(): string {
	return `podrun ${VERSION} (node ${process.version}, ${process.platform}/${process.arch})`;
}
