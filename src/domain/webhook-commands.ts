import type * as v from 'valibot';
import type { EventType } from './event.ts';
import { invalid, notFound, SandboxdError } from './errors.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import { requireWebhook } from './require.ts';
import type { Change, DeliveryQuery } from './store.ts';
import { type Webhook, webhookContext, type WebhookDelivery, webhookHost } from './webhook.ts';
import { attempt, type Attempt, openSecrets } from './webhook-attempt.ts';
import type { NewWebhook, WebhookPatch } from './webhook-input.ts';
import { rotateSecrets } from './webhook-secrets.ts';
import { newSigningSecret } from './webhook-signature.ts';

/** Of one owner. */
export const MAX_WEBHOOKS = 20;

/** A webhook and its signing secret, which nothing shows again. */
export interface WebhookWithSecret {
  readonly webhook: Webhook;
  readonly secret: string;
}

/** @throws invalid_request when the owner has as many as it may */
export async function createWebhook(
  ports: Ports,
  owner: string,
  { url, description, event_types }: v.InferOutput<typeof NewWebhook>,
): Promise<WebhookWithSecret> {
  const others = await ports.store.webhooks.list(owner);
  if (others.length >= MAX_WEBHOOKS) {
    throw invalid(`You have ${MAX_WEBHOOKS} webhooks, which is the most there can be. Delete one first.`);
  }
  const id = ports.newId();
  const now = ports.clock();
  const secret = newSigningSecret();
  const sealed = await ports.vault.seal(secret, webhookContext({ owner, id }));
  const webhook: Webhook = {
    id,
    owner,
    url,
    description,
    eventTypes: distinct(event_types),
    enabled: true,
    sealed,
    createdAt: now,
    updatedAt: now,
  };
  await ports.store.commit(
    { kind: 'webhook.insert', webhook, most: MAX_WEBHOOKS },
    happened(ports, webhook, 'created'),
  );
  return { webhook, secret };
}

/** @throws not_found, invalid_request when nothing is changed */
export async function updateWebhook(
  ports: Ports,
  owner: string,
  id: string,
  patch: v.InferOutput<typeof WebhookPatch>,
): Promise<Webhook> {
  const fields = Object.keys(patch);
  if (fields.length === 0) {
    throw invalid('The body changes nothing: give url, event_types, description or enabled.');
  }
  const { event_types, ...others } = patch;
  const set = { ...others, ...(event_types !== undefined && { eventTypes: distinct(event_types) }) };
  const webhook = await requireWebhook(ports, owner, id);
  await ports.store.commit(
    { kind: 'webhook.update', owner, id, set, at: ports.clock() },
    happened(ports, { ...webhook, ...set }, 'updated', { fields: fields.join(',') }),
  );
  return requireWebhook(ports, owner, id);
}

const distinct = (types: readonly EventType[] | null): readonly EventType[] => [...new Set(types ?? [])];

/**
 * Makes a new signing secret. The one before it signs as well for another day; one that cannot be opened any more does not.
 * @throws not_found, conflict when somebody else makes one at the same moment: that one would be worth nothing
 */
export async function rotateWebhookSecret(
  ports: Ports,
  owner: string,
  id: string,
): Promise<WebhookWithSecret> {
  const webhook = await requireWebhook(ports, owner, id);
  const { secret, text } = await nextSecrets(ports, webhook);
  const sealed = await ports.vault.seal(text, webhookContext(webhook));
  await ports.store.commit(
    { kind: 'webhook.update', owner, id, set: { sealed }, were: webhook.sealed, at: ports.clock() },
    happened(ports, webhook, 'updated', { fields: 'secret' }),
  );
  return { webhook: await requireWebhook(ports, owner, id), secret };
}

async function nextSecrets(ports: Ports, webhook: Webhook): Promise<{ secret: string; text: string }> {
  try {
    return rotateSecrets(await openSecrets(ports, webhook), ports.clock());
  } catch (error) {
    // Exactly then a new one is needed: it stands alone.
    ports.log.error('a signing secret was replaced that cannot be opened', error, { webhookId: webhook.id });
    const secret = newSigningSecret();
    return { secret, text: secret };
  }
}

/** With everything that was on its way to it. @throws not_found */
export async function deleteWebhook(ports: Ports, owner: string, id: string): Promise<void> {
  const webhook = await requireWebhook(ports, owner, id);
  await ports.store.commit({ kind: 'webhook.delete', owner, id }, happened(ports, webhook, 'deleted'));
}

/** The latest event first. @throws not_found */
export async function listDeliveries(
  ports: Ports,
  owner: string,
  query: DeliveryQuery,
): Promise<WebhookDelivery[]> {
  await requireWebhook(ports, owner, query.webhookId);
  return ports.store.webhooks.deliveries(owner, query);
}

/**
 * Sends a dead delivery once more, from the beginning of its attempts.
 * @throws not_found, conflict for one that is not dead, and while its webhook is disabled
 */
export async function retryDelivery(
  ports: Ports,
  owner: string,
  webhookId: string,
  eventId: string,
): Promise<void> {
  const webhook = await requireWebhook(ports, owner, webhookId);
  const delivery = await ports.store.webhooks.delivery(owner, webhookId, eventId);
  if (delivery === undefined) throw notFound('delivery');
  if (delivery.status !== 'dead') {
    throw new SandboxdError(
      'conflict',
      `This delivery is ${delivery.status}: only dead ones are sent again.`,
    );
  }
  if (!webhook.enabled) throw new SandboxdError('conflict', 'The webhook is disabled. Enable it first.');
  await ports.store.commit({ kind: 'delivery.retry', owner, webhookId, eventId, at: ports.clock() });
}

/**
 * Sends a message of the type `webhook.test` at once, once, also to a webhook that is disabled. Nothing is recorded of it.
 * @throws not_found
 */
export async function testWebhook(
  ports: Ports,
  owner: string,
  id: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const webhook = await requireWebhook(ports, owner, id);
  const message = {
    id: ports.newId(),
    type: 'webhook.test',
    at: ports.clock(),
    data: { webhook_id: webhook.id },
  };
  return attempt(ports, webhook, message, signal);
}

function happened(
  ports: Ports,
  webhook: Webhook,
  what: 'created' | 'updated' | 'deleted',
  payload: Record<string, string> = {},
): Change {
  return recorded(ports, `webhook.${what}`, {
    owner: webhook.owner,
    message: `The webhook at ${webhookHost(webhook)} was ${what}.`,
    payload: { webhook_id: webhook.id, ...payload },
  });
}
