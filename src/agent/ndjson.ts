import { stream } from 'hono/streaming';
import { asSandboxdError } from '../domain/errors.ts';
import type { Logger } from '../domain/log.ts';
import { inTime } from '../domain/pause.ts';

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
  log: Logger,
  open: (signal: AbortSignal) => AsyncIterable<unknown>,
): Promise<Response> {
  const left = new AbortController();
  const values = open(AbortSignal.any([left.signal, c.req.raw.signal]))[Symbol.asyncIterator]();
  const first = values.next();
  await inTime(first, FIRST_VALUE_MS);
  return stream(c, async (out) => {
    out.onAbort(() => left.abort());
    const write = async (value: unknown) => void (await out.writeln(JSON.stringify(value)));
    const beat = async () => void (await out.writeln(''));
    try {
      for (let step = await heard(first, beat); !step.done; step = await heard(values.next(), beat)) {
        await write(step.value);
      }
    } catch (thrown) {
      const error = asSandboxdError(thrown);
      if (error.code === 'internal') log.error('a channel stream failed', thrown, { path: c.req.path });
      await write(error.toEnvelope());
    } finally {
      left.abort();
      await values.return?.();
    }
  });
}

/** The next step, with a heartbeat for as long as it takes. */
async function heard(step: Promise<Step>, beat: () => Promise<void>): Promise<Step> {
  for (;;) {
    const come = await inTime(step, HEARTBEAT_MS);
    if (come !== undefined) return come;
    await beat();
  }
}
