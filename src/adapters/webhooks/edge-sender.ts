import type { WebhookSender } from '../../domain/webhook.ts';
import { type AddressRule, checkTarget, DEADLINE_MS, tooSlow, unreachable } from './target.ts';

/**
 * Sends with the platform's fetch, which looks names up itself: what they may lead to is the platform's rule, and
 * workerd's is the public internet alone. Addresses that are written in the URL are refused here as well.
 * @param deadlineMs milliseconds
 */
export const edgeWebhookSender = (allows: AddressRule, deadlineMs = DEADLINE_MS): WebhookSender => ({
  async send({ url, headers, body }, signal) {
    checkTarget(url, allows);
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, deadline]),
      });
      // The status said it all: how the rest ends makes no difference.
      await answer.body?.cancel().catch(() => undefined);
      return answer.status;
    } catch (error) {
      signal.throwIfAborted();
      throw deadline.aborted ? tooSlow(error) : unreachable(error, undefined);
    }
  },
});
