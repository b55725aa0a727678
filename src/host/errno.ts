/** The system's code of an error, like `ENOENT`. */
export const errnoOf = (error: unknown): string | undefined =>
  (error as Partial<NodeJS.ErrnoException> | null)?.code;

/** Of this machine, or of a quota on it. Programs say it in their words only. */
export const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errnoOf(error) ?? '') ||
  (error instanceof Error && error.message.includes('No space left on device'));
