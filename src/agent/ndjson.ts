import { setTimeout as delay } from 'node:timers/promises';
import { stream } from 'hono/streaming';
import { asSandboxdError } from '../domain/errors.ts';

/** How long an answer waits for its first value, which may fail it, before it is begun without one. */
const FIRST_VALUE_MS = 1000;
/** A stream with nothing to say sends an empty line this often: nothing between the two ends takes it for dead. */
const HEARTBEAT_MS = 15_000;

type Step = IteratorResult<unknown, unknown>;

/**
 * Streams one JSON value a line. What fails at the beginning is an ordinary error answer; what fails later is a last line
 * `{"error": …}`, as in the envelope.
 */
export async function ndjson(
  c: Parameters<typeof stream>[0],
  open: (signal: AbortSignal) => AsyncIterable<unknown>,
): Promise<Response> {
  const left = new AbortController();
  const values = open(AbortSignal.any([left.signal, c.req.raw.signal]))[Symbol.asyncIterator]();
  const first = values.next();
  await within(first, FIRST_VALUE_MS);
  return stream(c, async (out) => {
    out.onAbort(() => left.abort());
    const write = async (value: unknown) => void (await out.writeln(JSON.stringify(value)));
    const beat = async () => void (await out.writeln(''));
    try {
      for (let step = await heard(first, beat); !step.done; step = await heard(values.next(), beat)) {
        await write(step.value);
      }
    } catch (thrown) {
      await write(asSandboxdError(thrown).toEnvelope());
    } finally {
      left.abort();
      await values.return?.();
    }
  });
}

/** The next step, with a heartbeat for as long as it takes. */
async function heard(step: Promise<Step>, beat: () => Promise<void>): Promise<Step> {
  for (;;) {
    const come = await within(step, HEARTBEAT_MS);
    if (come !== undefined) return come;
    await beat();
  }
}

/** What a promise comes to, or undefined after `ms` milliseconds. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const settled = new AbortController();
  const late = delay(ms, undefined, { signal: settled.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
