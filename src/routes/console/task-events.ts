import type { SSEMessage } from 'hono/streaming';
import { SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Task } from '../../domain/task.ts';
import { taskEvents } from '../../domain/task-following.ts';
import type { TaskLogView } from '../../views/task-models.ts';
import { renderView } from '../../views/render.ts';
import { inBatches } from './batches.ts';
import { PATIENCE_MS } from './patience.ts';
import { TaskLog } from './task-log.ts';

/** An agent that writes letter by letter is told of ten times a second. */
const GATHER_MS = 100;
/** A task that runs has been quiet for so long: what happened so far is all there. */
const QUIET_MS = 150;
const MAX_ENTRIES = 500;
/** After which a browser comes back whose connection was lost. */
const RETRY_MS = 1000;

/**
 * A task's log as it goes on, for a page that shows it: rows that are new or have changed after event `since`, then
 * `done`. The rows are markup, made here as they are for the page itself.
 */
export async function* logMessages(
  ports: Ports,
  task: Task,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<SSEMessage, void, undefined> {
  const log = new TaskLog(task.id);
  // From the beginning: a row that goes on is shown with what it began with.
  const events = taskEvents(ports, task.owner, task.sandboxId, task.id, 0, signal);
  for await (const batch of inBatches(events, GATHER_MS)) {
    const changed = new Set<string>();
    for (const event of batch) {
      for (const key of log.add(event)) if (event.seq > since) changed.add(key);
    }
    const entries = log.entries([...changed].slice(-MAX_ENTRIES));
    if (entries.length === 0) continue;
    const data = renderView('log-entries', { entries });
    yield { event: 'entries', id: String(log.seq), data, retry: RETRY_MS };
  }
  if (!signal.aborted) yield { event: 'done', data: '' };
}

/** What has happened so far; a note in its place when it cannot be read. */
export async function logSoFar(ports: Ports, task: Task): Promise<Partial<TaskLogView>> {
  const log = new TaskLog(task.id);
  const leaving = new AbortController();
  const late = setTimeout(() => leaving.abort(), PATIENCE_MS);
  let quiet: ReturnType<typeof setTimeout> | undefined;
  try {
    const events = taskEvents(ports, task.owner, task.sandboxId, task.id, 0, leaving.signal);
    for await (const event of events) {
      log.add(event);
      clearTimeout(quiet);
      if (task.status === 'running') quiet = setTimeout(() => leaving.abort(), QUIET_MS);
    }
  } catch (error) {
    if (!(error instanceof SandboxdError)) throw error;
    return { note: 'The log cannot be read right now.' };
  } finally {
    clearTimeout(late);
    clearTimeout(quiet);
  }
  const { keys, omitted } = log.last(MAX_ENTRIES);
  const isGone = keys.length === 0 && task.status !== 'running';
  return {
    seq: log.seq,
    entries: log.entries(keys),
    omitted,
    isComplete: log.isOver,
    isGone,
    ...(isGone && { note: 'Nothing is left of its log: it went with its sandbox.' }),
  };
}
