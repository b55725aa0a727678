import { SandboxdError, invalid } from '../../domain/errors.ts';
import { fileErrors } from '../../domain/files.ts';
import { errnoOf, isDiskFull } from '../../host/errno.ts';

/** What the system's refusals of a file operation mean to whoever named the path. */
const FILE_MEANINGS: Readonly<Record<string, (cause: unknown) => SandboxdError>> = {
  ENOENT: fileErrors.absent,
  ENOTDIR: fileErrors.throughFile,
  EISDIR: fileErrors.notFile,
  EEXIST: fileErrors.throughFile,
  ENXIO: fileErrors.notFile,
  ELOOP: fileErrors.leadsOut,
  ENAMETOOLONG: (cause) => invalid('path: a part of it is longer than the file system allows.', { cause }),
};

/** Says when the disk is full; anything else passes as it is. */
export async function explained<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw isDiskFull(error) ? fileErrors.diskFull(error) : error;
  }
}

/** Tells the failures of a file operation for the caller; what it does not know passes as it is. */
export function explainedFile<T>(operation: () => Promise<T>): Promise<T> {
  return explained(async () => {
    try {
      return await operation();
    } catch (error) {
      const meaning = FILE_MEANINGS[errnoOf(error) ?? ''];
      throw error instanceof SandboxdError || meaning === undefined ? error : meaning(error);
    }
  });
}
