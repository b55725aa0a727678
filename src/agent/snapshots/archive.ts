import type { CaptureOrder } from '../../domain/capture.ts';
import { isCode, SandboxdError } from '../../domain/errors.ts';
import type { SnapshotManifest } from '../../domain/snapshot-store.ts';
import type { ArchiveFacts, ArchiveProgress, WorkspaceArchive } from '../../domain/workspace.ts';
import { insist } from '../insist.ts';
import type { SandboxRecord } from '../records.ts';
import type { SnapshotKeeperContext } from './context.ts';
import { unlessGivenUp } from './given-up.ts';

/** What archiving a sandbox needs of its node. */
export type CaptureWorld = Pick<SnapshotKeeperContext, 'ports' | 'sandboxes'>;

export interface ArchiveWork {
  readonly order: CaptureOrder;
  /** Told how far it has come. */
  readonly onProgress: (step: string, progress?: ArchiveProgress) => void;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/**
 * Copies a sandbox's workspace into the store. Its lock is held until nothing of it is read any more: for one at rest
 * until its last byte is kept, so that whoever wants to wake it waits; for one that runs, only until it goes on.
 */
export async function archiveSandbox(
  context: CaptureWorld,
  work: ArchiveWork,
  exclusively = context.sandboxes.exclusively,
): Promise<void> {
  const { sandboxId } = work.order;
  work.onProgress('Waiting for the sandbox');
  const rest = await exclusively(sandboxId, async () => {
    work.signal.throwIfAborted();
    const record = context.sandboxes.find(sandboxId);
    if (record === undefined) throw gone();
    if (context.sandboxes.live(sandboxId) !== undefined) return archiveRunning(context, work, record);
    await archiveAtRest(context, work, record);
    return undefined;
  });
  await rest?.();
}

async function archiveAtRest(context: CaptureWorld, work: ArchiveWork, record: SandboxRecord): Promise<void> {
  const { sandboxes, ports } = context;
  if (!sandboxes.isAtRest(record.id)) throw unsettled();
  sandboxes.say(record.id, 'A snapshot of it is being taken');
  try {
    const archive = await ports.workspaces.archive(record.id, { scope: 'snapshot', ...copying(work) });
    await keep(context, work, record, archive);
  } finally {
    sandboxes.say(record.id, undefined);
  }
}

/** Returns what is left to be done once the sandbox goes on. */
async function archiveRunning(
  context: CaptureWorld,
  work: ArchiveWork,
  record: SandboxRecord,
): Promise<() => Promise<void>> {
  const { sandboxes, ports } = context;
  if (!work.order.live) throw woken();
  using _ = sandboxes.hold(record.id, 'a snapshot of it is being taken');
  const archive = await ports.workspaces.archive(record.id, {
    scope: 'snapshot',
    ...copying(work),
    freeze: (task) => frozen(context, record.id, work.signal, task),
  });
  return () => keep(context, work, record, archive);
}

const copying = ({ signal, onProgress }: ArchiveWork) => ({
  signal,
  onProgress: (progress: ArchiveProgress) => onProgress('Copying files', progress),
});

/** Runs a task while nothing moves in a sandbox, which goes on afterwards whatever happens. */
export async function frozen<T>(
  { ports: { engine, log } }: CaptureWorld,
  sandboxId: string,
  signal: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  try {
    await engine.pause(sandboxId);
    return await task();
  } finally {
    await insist(
      async () => {
        try {
          await engine.unpause(sandboxId);
        } catch (error) {
          // It has ended meanwhile: there is nothing to go on.
          if (!isCode(error, 'not_found') && !isCode(error, 'conflict')) throw error;
        }
      },
      (error) => log.error('a sandbox stands still and could not be thawed yet', error, { sandboxId }),
      signal,
    );
  }
}

async function keep(
  { ports }: CaptureWorld,
  { order, signal }: ArchiveWork,
  { order: { preset, template } }: SandboxRecord,
  archive: WorkspaceArchive,
): Promise<void> {
  signal.throwIfAborted();
  const kept = ports.snapshots.put(order.id, archive.bytes, () => ({
    ...describe(archive.facts()),
    version: 1,
    id: order.id,
    preset,
    template,
    parentSnapshotId: order.parentSnapshotId,
    createdAt: ports.clock(),
  }));
  await unlessGivenUp(kept, signal);
}

/** By name: a manifest holds nothing but what it promises. */
const describe = ({
  baseImage,
  sizeBytes,
  contentBytes,
  fileCount,
  entryCount,
  sha256,
  warnings,
}: ArchiveFacts): Omit<SnapshotManifest, 'version' | 'id' | 'template' | 'createdAt'> => ({
  baseImage,
  sizeBytes,
  contentBytes,
  fileCount,
  entryCount,
  sha256,
  warnings,
});

const gone = () => new SandboxdError('not_found', 'The sandbox was deleted before it could be captured.');

const woken = () =>
  new SandboxdError(
    'conflict',
    'The sandbox woke up before it could be captured. Stop it and capture it again, or set live to true.',
  );

const unsettled = () =>
  new SandboxdError(
    'sandbox_unavailable',
    'The sandbox was between running and stopped, and could not be captured. Capture it again.',
  );
