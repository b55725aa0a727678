import { notFound } from '../domain/errors.ts';
import type { WorkspaceArchive } from '../domain/workspace.ts';
import { unsettled } from './errors.ts';
import { type CaptureWorld, frozen } from './snapshots/archive.ts';
import { untilOver } from './until-over.ts';

export interface BackupWork<T> {
  readonly id: string;
  readonly consume: (archive: WorkspaceArchive) => Promise<T>;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/**
 * Archives a workspace for a backup, as it is. Its sandbox's lock is held until nothing of it is read any more: of one at
 * rest until `consume` has ended, of one that runs only until it goes on.
 */
export function archiveForBackup<T>(world: CaptureWorld, work: BackupWork<T>): Promise<T> {
  return untilOver(work.signal, (signal) => archive(world, { ...work, signal }));
}

async function archive<T>(world: CaptureWorld, work: BackupWork<T>): Promise<T> {
  const { ports, sandboxes } = world;
  const { id, consume, signal } = work;
  const rest = await sandboxes.exclusively(id, async () => {
    if (sandboxes.find(id) === undefined) throw notFound('sandbox');
    if (sandboxes.live(id) !== undefined) {
      using _ = sandboxes.hold(id, 'it is being backed up');
      const freeze = <U>(task: () => Promise<U>) => frozen(world, id, signal, task);
      const copied = await ports.workspaces.archive(id, { scope: 'backup', signal, freeze });
      return () => consume(copied);
    }
    if (!sandboxes.isAtRest(id)) throw unsettled();
    const done = await consume(await ports.workspaces.archive(id, { scope: 'backup', signal }));
    return async () => done;
  });
  return rest();
}
