import { type SSEMessage, streamSSE } from 'hono/streaming';
import { asSandboxdError } from '../../domain/errors.ts';
import type { AppContext } from '../context.ts';

/**
 * Answers with server-sent events, one a value. What fails on the way is a last event `error` with the envelope as its
 * data: by then the status has been sent.
 */
export function eventStream<T>(
  c: AppContext,
  values: AsyncIterable<T>,
  toMessage: (value: T) => SSEMessage,
): Response {
  return streamSSE(c, async (stream) => {
    try {
      for await (const value of values) await stream.writeSSE(toMessage(value));
    } catch (thrown) {
      const error = asSandboxdError(thrown);
      if (error.code === 'internal') {
        c.get('ports').log.error('an event stream failed', thrown, { path: c.req.path });
      }
      await stream.writeSSE({ event: 'error', data: JSON.stringify(error.toEnvelope()) });
    }
  });
}

/** The same values, once there is a first one: what fails before it is still thrown here. */
export async function begun<T>(values: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = values[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    try {
      for (let step = first; !step.done; step = await iterator.next()) yield step.value;
    } finally {
      await iterator.return?.();
    }
  })();
}
