import { invalid, SandboxdError } from '../../src/domain/errors.ts';
import type { Event } from '../../src/domain/event.ts';
import type { Change, WebhookReads } from '../../src/domain/store.ts';
import { type DueDelivery, isSendable, type WebhookDelivery } from '../../src/domain/webhook.ts';
import { given, matches } from './memory-rows.ts';
import { type Appliers, insertNew, keyOf, removeWhere, type State } from './memory-state.ts';

/** The webhooks of a store in memory. */
export const memoryWebhooks = (state: () => State): WebhookReads => ({
  list: async (owner) =>
    [...state().webhooks.values()]
      .filter((webhook) => webhook.owner === owner)
      .toSorted((a, b) => (a.id < b.id ? 1 : -1)),
  find: async (owner, id) => {
    const webhook = state().webhooks.get(id);
    return webhook?.owner === owner ? webhook : undefined;
  },
  deliveries: async (owner, { before, limit, ...of }) =>
    [...state().deliveries.values()]
      .filter((row) => matches(row, { owner, ...of }) && (before === undefined || row.eventId < before))
      .toSorted((a, b) => (a.eventId < b.eventId ? 1 : -1))
      .slice(0, limit),
  delivery: async (owner, webhookId, eventId) => {
    const row = state().deliveries.get(deliveryKey({ webhookId, eventId }));
    return row?.owner === owner ? row : undefined;
  },
  take: async (now, leaseUntil, limit, except) => {
    const due = [...state().deliveries.values()]
      .filter(({ status, nextAttemptAt }) => status === 'pending' && nextAttemptAt <= now)
      .filter(({ webhookId }) => !except.includes(webhookId))
      .toSorted(byDueTime)
      .flatMap((delivery) => toSend(state(), { ...delivery, nextAttemptAt: leaseUntil }))
      .slice(0, limit);
    for (const { delivery } of due) state().deliveries.set(deliveryKey(delivery), delivery);
    return due;
  },
});

const byDueTime = (a: WebhookDelivery, b: WebhookDelivery): number =>
  a.nextAttemptAt - b.nextAttemptAt || (a.eventId < b.eventId ? -1 : 1);

function toSend({ webhooks, events }: State, delivery: WebhookDelivery): DueDelivery[] {
  const webhook = webhooks.get(delivery.webhookId);
  const event = events.get(delivery.eventId);
  return webhook?.enabled && event !== undefined ? [{ delivery, webhook, event }] : [];
}

const deliveryKey = ({ webhookId, eventId }: Pick<WebhookDelivery, 'webhookId' | 'eventId'>): string =>
  keyOf(webhookId, eventId);

/** Puts an event on its way to all who want it. */
export function deliver({ webhooks, deliveries }: State, event: Event): void {
  if (!isSendable(event.type)) return;
  for (const { id, owner, enabled, eventTypes } of webhooks.values()) {
    const isWanted = eventTypes.length === 0 || eventTypes.includes(event.type);
    if (owner !== event.owner || !enabled || !isWanted) continue;
    const key = { webhookId: id, eventId: event.id };
    const delivery = { ...key, eventType: event.type, owner, nextAttemptAt: event.createdAt };
    deliveries.set(deliveryKey(delivery), { ...delivery, status: 'pending', attempts: 0 });
  }
}

export const webhookChanges: Appliers<Extract<Change['kind'], `webhook.${string}` | `delivery.${string}`>> = {
  'webhook.insert': ({ webhooks }, { webhook, most = Infinity }) => {
    const others = [...webhooks.values()].filter(({ owner }) => owner === webhook.owner);
    if (others.length >= most) throw invalid('There are too many.');
    insertNew(webhooks, webhook.id, webhook);
  },
  'webhook.update': ({ webhooks }, { owner, id, set, were, at }) => {
    const row = webhooks.get(id);
    if (row?.owner !== owner) return;
    if (were !== undefined && row.sealed !== were)
      throw new SandboxdError('conflict', 'Its secrets were changed meanwhile.');
    webhooks.set(id, { ...row, ...given(set), updatedAt: at });
  },
  'webhook.delete': ({ webhooks, deliveries }, { owner, id }) => {
    if (webhooks.get(id)?.owner !== owner) return;
    webhooks.delete(id);
    removeWhere(deliveries, ({ webhookId }) => webhookId === id);
  },
  'delivery.note': ({ deliveries }, { delivery }) => {
    const row = deliveries.get(deliveryKey(delivery));
    if (row?.owner === delivery.owner && row.status === 'pending')
      deliveries.set(deliveryKey(delivery), delivery);
  },
  'delivery.retry': ({ deliveries }, { owner, at, ...key }) => {
    const row = deliveries.get(deliveryKey(key));
    if (row?.owner !== owner || row.status !== 'dead') return;
    const { webhookId, eventId, eventType } = row;
    const again = { webhookId, eventId, eventType, owner, nextAttemptAt: at, attempts: 0 };
    deliveries.set(deliveryKey(row), { ...again, status: 'pending' });
  },
};
