import type { Clock } from '../../src/domain/ids.ts';
import type { Logger } from '../../src/domain/log.ts';
import type { RuntimeStatus } from '../../src/domain/runtimed.ts';
import { maskedBytes, maskedOutcome } from '../../src/domain/masked.ts';
import type { TaskOutcome } from '../../src/domain/task.ts';
import type { MaskSource } from '../config/masked-output.ts';
import type { Timings } from '../options.ts';
import type { Checkpoints } from './checkpoints.ts';
import { EventLog } from './event-log.ts';
import { type ChangedFiles, NOT_BUILT, NOTHING_CHANGED, outcomeOf } from './outcome.ts';
import { SANDBOX_ENDED } from './task-run.ts';
import { DIFF_FILE, EVENTS_FILE, RESULT_FILE, type TaskFolder, type TaskStore } from './task-store.ts';

/** The longest result: many long paths, each character escaped. */
const MAX_RESULT_BYTES = 8 * 1024 * 1024;

export interface RecoveryContext {
  readonly store: TaskStore;
  readonly checkpoints: Checkpoints;
  readonly status: () => RuntimeStatus;
  /** The task that runs now: it is not to be recovered from anything. */
  readonly activeId: () => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timings: Timings;
  readonly masks: MaskSource;
}

/** Ends what an earlier run of this sandbox has left unfinished, from what is on disk. Never rejects. */
export async function recoverTasks(context: RecoveryContext, signal: AbortSignal): Promise<void> {
  const { store, logger } = context;
  const ids = await store.ids().catch((error: unknown) => {
    logger.error('earlier tasks could not be listed', error);
    return [];
  });
  for (const id of ids) {
    if (signal.aborted) return;
    try {
      await using folder = await store.open(id);
      if (folder !== undefined && id !== context.activeId()) await recover(id, folder, context, signal);
    } catch (error) {
      // Whatever a tenant has made of it: the others are recovered all the same.
      logger.error('a task could not be recovered', error, { task: id });
    }
  }
}

async function recover(
  id: string,
  folder: TaskFolder,
  context: RecoveryContext,
  signal: AbortSignal,
): Promise<void> {
  const order = await folder.order();
  if (order === undefined) return;
  await using log = await EventLog.continue(await folder.openToAppend(EVENTS_FILE), context);
  const written = await resultOf(folder);
  if (written !== undefined && log.done !== undefined) return;
  const outcome =
    written ?? doneOf(log) ?? (await findOut(id, order.started_at, { folder, log }, context, signal));
  if (outcome === undefined) return;
  const told = maskedOutcome(context.masks.mask, outcome);
  if (written === undefined) await folder.write(RESULT_FILE, JSON.stringify(told));
  await log.append({ type: 'done', data: told });
  context.logger.info('task recovered', { task: id, status: outcome.status });
}

/** @returns undefined when the signal aborts */
async function findOut(
  id: string,
  startedAt: number,
  { folder, log }: { folder: TaskFolder; log: EventLog },
  context: RecoveryContext,
  signal: AbortSignal,
): Promise<TaskOutcome | undefined> {
  const { checkpoints, timings, clock, logger } = context;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timings.comparisonLimit)]);
  let checkpoint: string | undefined;
  let changed = NOTHING_CHANGED;
  try {
    checkpoint = await checkpoints.find(id, limited);
    if (checkpoint !== undefined) changed = await compare(checkpoint, folder, context, limited);
  } catch (error) {
    logger.error('what a task has changed could not be told', error);
    changed = { files: [], isTruncated: true };
  }
  if (signal.aborted) return undefined;
  return outcomeOf({
    agent: { failure: SANDBOX_ENDED },
    changed,
    build: NOT_BUILT,
    app: context.status(),
    ...(checkpoint !== undefined && { checkpoint }),
    startedAt,
    // It may have been asleep for days since.
    finishedAt: Math.max(startedAt, log.lastAt ?? clock()),
  });
}

async function compare(
  checkpoint: string,
  folder: TaskFolder,
  { checkpoints, masks }: RecoveryContext,
  signal: AbortSignal,
): Promise<ChangedFiles> {
  const { diff, ...changed } = await checkpoints.compare(checkpoint, signal);
  await folder.write(DIFF_FILE, maskedBytes(masks.mask, diff));
  return changed;
}

async function resultOf(folder: TaskFolder): Promise<TaskOutcome | undefined> {
  const bytes = await folder.read(RESULT_FILE, MAX_RESULT_BYTES);
  return bytes === undefined ? undefined : (parsed(bytes.toString('utf8')) as TaskOutcome | undefined);
}

const doneOf = (log: EventLog): TaskOutcome | undefined =>
  log.done === undefined ? undefined : (parsed(log.done) as { data: TaskOutcome }).data;

/** Written by a runtime, or made by the tenant: whoever reads it in the end checks it. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
