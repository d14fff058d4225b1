/** The tar writer stands with the api, since clients send archives too. */
export { END_OF_ARCHIVE, entryBlocks, type TarEntry, tar } from '../api/tar.ts';
