import { type SSEMessage, type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { asSandboxdError } from '../../domain/errors.ts';
import { inTime, type Pause } from '../../domain/pause.ts';
import type { AppContext } from '../context.ts';

/** How often a stream says that it is still there: what lies between the two ends does not take it for dead then. */
const HEARTBEAT_MS = 15_000;

interface EventStream<T> {
  /** Begins to tell; the signal aborts when the listener leaves. */
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly toMessage: (value: T) => SSEMessage;
  /** How long the answer waits for a first value, in milliseconds: what fails by then fails it as usual. */
  readonly patienceMs: number;
}

/**
 * Answers with server-sent events, one a value. What fails on the way is a last event `error` with the envelope as its
 * data: by then the status has been sent. Where it turns out in time that there is nothing to tell, the answer is a 204,
 * on which a browser does not ask again.
 */
export async function eventStream<T>(c: AppContext, events: EventStream<T>): Promise<Response> {
  const { pause } = c.get('ports');
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, c.req.raw.signal]);
  const values = events.open(signal)[Symbol.asyncIterator]();
  const first = values.next();
  if ((await inTime(first, events.patienceMs, pause))?.done === true) return c.body(null, 204);
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => left.abort());
    const beating = beat(stream, pause, signal);
    try {
      for (let step = await first; !step.done; step = await values.next()) {
        await stream.writeSSE(events.toMessage(step.value));
      }
    } catch (thrown) {
      await tellFailure(c, stream, thrown);
    } finally {
      left.abort();
      await values.return?.();
      await beating;
    }
  });
}

async function beat(stream: SSEStreamingApi, pause: Pause, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(HEARTBEAT_MS, signal);
    if (!signal.aborted) await stream.write(': heartbeat\n\n');
  }
}

async function tellFailure(c: AppContext, stream: SSEStreamingApi, thrown: unknown): Promise<void> {
  const error = asSandboxdError(thrown);
  if (error.code === 'internal') {
    c.get('ports').log.error('an event stream failed', thrown, { path: c.req.path });
  }
  await stream.writeSSE({ event: 'error', data: JSON.stringify(error.toEnvelope()) });
}
