import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** What lies at a path is not a plain file: a tenant can put anything anywhere in its home. */
export class NotRegularError extends Error {
  readonly code = 'ENOTREG';
}

/**
 * Opens a plain file and nothing else: no symlink is followed, no FIFO waited for, no device read.
 * @param flags of open(2)
 * @throws NotRegularError, or the system's error (ENOENT, ELOOP for a symlink, …)
 */
export async function openRegular(path: string, flags = O_RDONLY, mode = 0o600): Promise<FileHandle> {
  const handle = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw new NotRegularError('Not a regular file.');
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * The first `limit` bytes of a plain file, and how long it is.
 * @throws as {@link openRegular}
 */
export async function readRegular(path: string, limit: number): Promise<{ bytes: Buffer; size: number }> {
  await using handle = await openRegular(path);
  const { size } = await handle.stat();
  return { bytes: await readAt(handle, 0, Math.min(size, limit)), size };
}

/** Up to `length` bytes from `position` on: fewer where the file ends before. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Whether there is a plain file by that name. What cannot be looked at is none. */
export const isFile = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** The system's code of an error, like `ENOENT`. */
export const errnoOf = (error: unknown): string | undefined =>
  (error as Partial<NodeJS.ErrnoException> | null)?.code;

/** Whether the system says that there is nothing by that name. */
export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
