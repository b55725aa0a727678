import { statfs } from 'node:fs/promises';
import { UnpackError } from '../../archive/unpack-error.ts';
import { unpack } from '../../archive/unpack.ts';
import { SandboxdError, invalid } from '../../domain/errors.ts';
import type { ArchiveScope, ArchivedContent } from '../../domain/workspace.ts';
import { explained } from './failure.ts';
import type { Owner } from './layout.ts';

export interface ContentOptions {
  readonly owner: Owner;
  readonly scope: ArchiveScope;
  /** The home holds a copy of the prepared dependencies already. */
  readonly isLayered: boolean;
}

/** Stays free for what the node itself must write to get out of trouble. */
const RESERVE_BYTES = 64 * 1024 ** 2;
/** What an entry takes beside its content, on most file systems. */
const ENTRY_BYTES = 512;

/**
 * Opens archived content and puts it into a home that is nobody's yet.
 * @throws invalid_request when it is refused, unavailable when the disk has or gets no room for it
 */
export async function unpackContent(
  home: string,
  open: () => Promise<ArchivedContent>,
  options: ContentOptions,
): Promise<void> {
  const content = await open();
  const { bytes, expected, onWarning } = content;
  try {
    await requireSpace(home, expected);
  } catch (error) {
    await bytes[Symbol.asyncIterator]().return?.();
    throw error;
  }
  const { owner, scope, isLayered } = options;
  const tree = { droppedSegments: 0, owner, scope, isLayered } as const;
  const { warnings } = await refusing(() =>
    unpack(bytes, { directory: home, compression: 'zstd', expected, tree }),
  );
  for (const warning of warnings) onWarning(warning);
}

/** An archive that is larger than the disk is found out before it fills it, in the way of everybody else. */
async function requireSpace(
  home: string,
  { contentBytes, entryCount }: ArchivedContent['expected'],
): Promise<void> {
  const { bavail, bsize } = await statfs(home);
  const needed = contentBytes + entryCount * ENTRY_BYTES;
  if (bavail * bsize >= needed + RESERVE_BYTES) return;
  throw new SandboxdError(
    'unavailable',
    `There is no space left for this content: it needs ${megabytes(needed)}, and ${megabytes(bavail * bsize)} are free on its node. Free some, and try again.`,
  );
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

function refusing<T>(operation: () => Promise<T>): Promise<T> {
  return explained(async () => {
    try {
      return await operation();
    } catch (error) {
      throw error instanceof UnpackError
        ? invalid(`The content is refused as a whole. ${error.message}`, { cause: error })
        : error;
    }
  });
}
