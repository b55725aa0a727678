import { SandboxdError, invalid } from '../../src/domain/errors.ts';
import { fileErrors } from '../../src/domain/files.ts';
import { errnoOf } from '../regular-file.ts';

/** What the system's refusals mean to whoever named the path. */
const MEANINGS: Readonly<Record<string, (cause: unknown) => SandboxdError>> = {
  ENOENT: fileErrors.absent,
  ENOTDIR: fileErrors.throughFile,
  EISDIR: fileErrors.notFile,
  EEXIST: fileErrors.throughFile,
  ENOTREG: fileErrors.notFile,
  ENXIO: fileErrors.notFile,
  ELOOP: fileErrors.leadsOut,
  ENAMETOOLONG: (cause) => invalid('path: a part of it is longer than the file system allows.', { cause }),
  EACCES: (cause) => invalid('path: the sandbox user has no permission for it.', { cause }),
  EPERM: (cause) => invalid('path: the sandbox user has no permission for it.', { cause }),
  EROFS: (cause) => invalid('path: lies on a read-only file system.', { cause }),
  EBUSY: (cause) => invalid('path: is in use by the system.', { cause }),
  ENOSPC: fileErrors.diskFull,
  EDQUOT: fileErrors.diskFull,
  EFBIG: fileErrors.diskFull,
  EMFILE: (cause) => new SandboxdError('unavailable', 'Too many files are open in the sandbox.', { cause }),
};

/** An error of the file system as one for the caller. What it does not know passes unchanged. */
export function fileFailure(error: unknown): unknown {
  const meaning = MEANINGS[errnoOf(error) ?? ''];
  return error instanceof SandboxdError || meaning === undefined ? error : meaning(error);
}

/** @throws the operation's errors, told for the caller */
export async function explained<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw fileFailure(error);
  }
}
