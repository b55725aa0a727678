import type { FileHandle } from 'node:fs/promises';
import { EventLines } from './event-lines.ts';
import type { EventLog } from './event-log.ts';

/** A log that something else writes to is looked at this often, in milliseconds. */
const FOLLOW_POLL = 1000;

/**
 * The events after `since`, as lines, then every new one; ends behind `done`, when nothing more can come, or when the
 * signal aborts.
 * @param handle closed in the end
 * @param live the log while its task has not ended
 */
export async function* readEvents(
  handle: FileHandle,
  since: number,
  live: EventLog | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  await using _handle = handle;
  const lines = new EventLines(handle, since);
  while (!signal.aborted) {
    const version = live?.changes.version ?? 0;
    const done = live?.done;
    const text = await lines.read();
    if (text !== '') yield text;
    if (lines.summary.done !== undefined) return;
    if (text !== '') continue;
    // The end is told also where the file has been broken.
    if (done !== undefined) yield done;
    if (live === undefined || done !== undefined) return;
    await live.changes.after(version, FOLLOW_POLL, signal);
  }
}
