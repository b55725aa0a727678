import { SandboxdError } from './errors.ts';
import { timestamp } from './ids.ts';
import type { Ports } from './ports.ts';
import { type Webhook, webhookContext } from './webhook.ts';
import { secretsAt } from './webhook-secrets.ts';
import { signedHeaders } from './webhook-signature.ts';

/** What is told to a webhook, before it is signed. */
export interface WebhookMessage {
  /** The same for every attempt: receivers know by it what they have seen already. */
  readonly id: string;
  readonly type: string;
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number;
  readonly data: object;
}

/** What one attempt came to. Without an HTTP status, nothing answered; without an error, it was delivered. */
export interface Attempt {
  readonly status?: number;
  /** For people. Nothing of the address, and no secret. */
  readonly error?: string;
}

type AttemptPorts = Pick<Ports, 'vault' | 'clock' | 'instance' | 'log' | 'webhookSender'>;

/** Signs a message and sends it once. Whatever fails is the attempt's error. @throws the signal's reason when it aborts */
export async function attempt(
  ports: AttemptPorts,
  webhook: Webhook,
  message: WebhookMessage,
  signal: AbortSignal,
): Promise<Attempt> {
  try {
    const status = await ports.webhookSender.send(await signed(ports, webhook, message), signal);
    return status >= 200 && status < 300 ? { status } : { status, error: explain(status) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SandboxdError) return { error: error.message };
    ports.log.error('a webhook could not be called', error, { webhookId: webhook.id });
    return { error: 'Something failed on our side.' };
  }
}

async function signed(ports: AttemptPorts, webhook: Webhook, { id, type, at, data }: WebhookMessage) {
  const now = ports.clock();
  const secrets = secretsAt(await openSecrets(ports, webhook), now);
  const body = JSON.stringify({ type, timestamp: timestamp(at), data });
  return {
    url: webhook.url,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': `sandboxd/${ports.instance.version}`,
      ...(await signedHeaders(secrets, { id, timestamp: Math.floor(now / 1000), body })),
    },
  };
}

/** @throws unavailable, with the remedy, when the vault cannot open them */
export async function openSecrets({ vault }: Pick<Ports, 'vault'>, webhook: Webhook): Promise<string> {
  try {
    return await vault.open(webhook.sealed, webhookContext(webhook));
  } catch (cause) {
    throw new SandboxdError(
      'unavailable',
      'The signing secret of this webhook cannot be opened. Make a new one (rotate-secret), or the operator brings back the key it was sealed with.',
      { cause },
    );
  }
}

function explain(status: number): string {
  if (status >= 300 && status < 400)
    return `The endpoint answered ${status}: redirects are not followed. Set the address it leads to.`;
  return `The endpoint answered ${status}.`;
}
