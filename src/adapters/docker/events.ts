import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { EngineEvent } from '../../domain/engine.ts';
import { readLines } from '../../domain/lines.ts';
import { type Names, SANDBOX_LABEL } from './names.ts';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;
const MAX_EVENT_LENGTH = 1024 * 1024;
const ACTIONS = ['start', 'die', 'oom', 'pause', 'unpause'];

/** The events of one instance's sandboxes, over as many connections as it takes. */
export async function* engineEvents(
  docker: Docker,
  names: Names,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const stream = await connect(docker, names, signal);
    if (stream !== undefined) {
      retryMs = FIRST_RETRY_MS;
      yield { type: 'connected' };
      try {
        yield* parsed(stream);
      } finally {
        stream.destroy();
      }
      if (signal.aborted) return;
      yield { type: 'disconnected' };
    }
    // An abort ends the wait early, and the loop with it.
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
}

/** Undefined when the engine does not answer, which is told by the absence of `connected`. */
async function connect(docker: Docker, names: Names, signal: AbortSignal): Promise<Readable | undefined> {
  const filters = JSON.stringify({ type: ['container'], event: ACTIONS, ...names.filter() });
  try {
    return (await docker.getEvents({ filters, abortSignal: signal })) as Readable;
  } catch {
    // Every reason leads to the same: another attempt.
    return undefined;
  }
}

/** Ends when the stream does, in whichever way: that it broke is all that matters. */
async function* parsed(stream: Readable): AsyncGenerator<EngineEvent> {
  const lines = readLines(stream, MAX_EVENT_LENGTH);
  for (;;) {
    const next = await lines.next().catch(() => undefined);
    if (next === undefined || next.done) return;
    const event = parseEvent(next.value);
    if (event !== undefined) yield event;
  }
}

interface RawEvent {
  Action?: string;
  timeNano?: number;
  Actor?: { Attributes?: Record<string, string> };
}

/** Undefined for a line that is not about a sandbox. */
export function parseEvent(line: string): EngineEvent | undefined {
  const raw = parseLine(line);
  const sandboxId = raw?.Actor?.Attributes?.[SANDBOX_LABEL];
  if (raw?.Action === undefined || sandboxId === undefined) return undefined;
  const at = Math.floor((raw.timeNano ?? 0) / 1e6);
  switch (raw.Action) {
    case 'start':
    case 'oom':
    case 'pause':
    case 'unpause':
      return { type: raw.Action, sandboxId, at };
    case 'die':
      return { type: 'die', sandboxId, at, exitCode: Number(raw.Actor?.Attributes?.['exitCode'] ?? -1) };
    default:
      return undefined;
  }
}

function parseLine(line: string): RawEvent | undefined {
  try {
    return JSON.parse(line) as RawEvent;
  } catch {
    // Half a line, from a connection that broke: what it told is read from `list` after the next `connected`.
    return undefined;
  }
}
