import { type Dispatcher, request } from 'undici';
import { SandboxdError } from '../../domain/errors.ts';
import type { WebhookRequest, WebhookSender } from '../../domain/webhook.ts';
import { type AddressRule, checkTarget, DEADLINE_MS, tooSlow, unreachable } from './target.ts';

/** What is read of an answer, so that an endpoint may finish it; the rest is cut off. Bytes. */
const ANSWER_BYTES = 16 * 1024;

export interface SenderOptions {
  /** What requests to this address go out by: it looks names up by {@link checkedLookup} where it connects itself. */
  readonly way: (url: URL) => Dispatcher;
  readonly allows: AddressRule;
  /** Milliseconds. */
  readonly deadlineMs?: number;
}

/**
 * Sends from this machine. Through a forward proxy, names are the proxy's to look up, and what it may reach is for its
 * own rules: addresses alone that are written in the URL are still refused here.
 */
export function webhookSender({ way, allows, deadlineMs = DEADLINE_MS }: SenderOptions): WebhookSender {
  return {
    check: (url) => checkTarget(url, allows),
    async send({ url, headers, body }: WebhookRequest, signal) {
      checkTarget(url, allows);
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        const answer = await request(url, {
          method: 'POST',
          headers,
          body,
          dispatcher: way(new URL(url)),
          // Each time a new connection, to an address that was checked for it.
          reset: true,
          signal: AbortSignal.any([signal, deadline]),
        });
        await ignore(answer.body);
        return answer.statusCode;
      } catch (error) {
        signal.throwIfAborted();
        throw deadline.aborted ? tooSlow(error) : explain(error);
      }
    },
  };
}

/** The status said it all: whether the rest comes makes no difference. */
async function ignore(body: Dispatcher.ResponseData['body']): Promise<void> {
  body.on('error', () => undefined);
  await body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
}

/** @returns what the lookup refused, wherever it is wrapped in, or what the system says */
function explain(error: unknown): SandboxdError {
  if (error instanceof SandboxdError) return error;
  const inner = error instanceof AggregateError ? error.errors[0] : (error as Error).cause;
  if (inner instanceof SandboxdError) return inner;
  const code = (error as NodeJS.ErrnoException).code ?? (inner as NodeJS.ErrnoException | undefined)?.code;
  return unreachable(error, typeof code === 'string' ? code : undefined);
}
