/** What an archive may hold. */
export interface ArchiveLimits {
  /** Of files, without the holes of sparse ones: what is read, or written. */
  readonly contentBytes: number;
  /** Files, directories and links; the archive's own directory does not count. */
  readonly entryCount: number;
}

/** No workspace has more, whatever its archive says of itself. */
export const MOST: ArchiveLimits = { contentBytes: 64 * 1024 ** 3, entryCount: 2_000_000 };

/** Of all files together, with their holes: those take no place, but whoever looks through them time. */
export const MAX_SIZE_BYTES = 1024 ** 4;

/** Of a path in the archive: a tree can be made deeper than any path, and each level would repeat the one above. */
export const MAX_PATH_BYTES = 16_384;

/** Of a file that is rewritten, which is done in memory: more than a repository of any use has. */
export const MAX_REWRITTEN_BYTES = 16 * 1024 ** 2;
