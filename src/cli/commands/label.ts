/** `podrun label RESOURCE NAME key=value key-`: see metadata-change.ts. */
import type { Io } from '../io.ts';
import { changeMetadata, type MetadataOptions } from '../metadata-change.ts';

export function run(io: Io, options: MetadataOptions, args: readonly string[]): Promise<number> {
	return changeMetadata(io, 'labels', options, args);
}
