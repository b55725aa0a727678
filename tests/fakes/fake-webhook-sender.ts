import { isPublicAddress } from '../../src/adapters/webhooks/public-address.ts';
import { checkTarget } from '../../src/adapters/webhooks/target.ts';
import type { WebhookRequest, WebhookSender } from '../../src/domain/webhook.ts';

/** A world in which every endpoint answers what a test says, and nothing leaves this process. */
export class FakeWebhookSender implements WebhookSender {
  readonly sent: WebhookRequest[] = [];
  /** What an endpoint does with a request. */
  answer: (request: WebhookRequest, signal: AbortSignal) => number | Promise<number> = () => 204;

  /** By the real rule: names lead nowhere here. */
  check(url: string): void {
    checkTarget(url, isPublicAddress);
  }

  async send(request: WebhookRequest, signal: AbortSignal): Promise<number> {
    this.sent.push(request);
    return this.answer(request, signal);
  }
}
