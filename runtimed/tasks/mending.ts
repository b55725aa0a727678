import type { Logger } from '../../src/domain/log.ts';
import { pause } from '../pause.ts';
import { GitError } from './git.ts';
import { makeRepository, type Mend, removeLocks } from './repository.ts';

/** Trying again would not help. */
const EXHAUSTED =
  /no space left|quota exceeded|too large|cannot allocate|out of memory|too many open|took too long/i;
/** What git says of files that somebody else writes, moves or removes at this moment. */
const UNSTEADY =
  /unstable object source|short read|is a directory|beyond a symbolic link|unsupported file type|error: open\("/;
/** A file that is cut short while git has it mapped is the end of git. */
const KILLED = 129;
const MOMENTS = 4;
/** Milliseconds. */
const MOMENT = 100;

export interface MendingContext {
  readonly repository: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Tries again, each time after one more of the mends. What the app does meanwhile, or kills git, says nothing of the
 * repository: then it is tried again as it is, and no mend may cost what it holds.
 * @throws what it fails with in the end
 */
export async function mending<T>(
  mends: readonly Mend[],
  operation: () => Promise<T>,
  { repository, logger, signal }: MendingContext,
): Promise<T> {
  const left = { mends: [...mends], moments: MOMENTS };
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (signal.aborted || !(error instanceof GitError) || EXHAUSTED.test(error.reason)) throw error;
      const mend = isOfMoment(error) ? waitIn(left, signal) : left.mends.shift();
      if (mend === undefined) throw error;
      logger.warn('a checkpoint could not be made, trying afresh', { reason: error.reason });
      await mend(repository);
      await makeRepository(repository);
      await removeLocks(repository);
    }
  }
}

const isOfMoment = ({ reason, code = 0 }: GitError): boolean => code > KILLED || UNSTEADY.test(reason);

function waitIn(left: { moments: number }, signal: AbortSignal): Mend | undefined {
  left.moments -= 1;
  return left.moments < 0 ? undefined : () => pause(MOMENT, signal);
}
