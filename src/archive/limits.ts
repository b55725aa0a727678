import { SandboxdError } from '../domain/errors.ts';

/** Bytes of all files together, holes of sparse ones included: what unpacking may have to write. */
export const MAX_CONTENT_BYTES = 64 * 1024 ** 3;

/** Files, directories and links. */
export const MAX_ENTRIES = 2_000_000;

/** Of a path in the archive: a tree can be made deeper than any path, and each level would repeat the one above. */
export const MAX_PATH_BYTES = 16_384;

/** @throws payload_too_large for more than an archive may hold */
export function requireWithinLimits(contentBytes: number, entryCount: number): void {
  if (contentBytes > MAX_CONTENT_BYTES)
    throw tooLarge(`more than ${MAX_CONTENT_BYTES / 1024 ** 3} GiB of files`);
  if (entryCount > MAX_ENTRIES) throw tooLarge(`more than ${MAX_ENTRIES} files and directories`);
}

const tooLarge = (what: string) =>
  new SandboxdError(
    'payload_too_large',
    `The workspace holds ${what}, which is more than an archive may. Remove what need not be kept, and try again.`,
  );
