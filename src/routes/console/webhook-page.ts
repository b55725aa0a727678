import type { Ports } from '../../domain/ports.ts';
import {
  type DeliveryStatus,
  type Webhook,
  type WebhookDelivery,
  webhookHost,
} from '../../domain/webhook.ts';
import type { Attempt } from '../../domain/webhook-attempt.ts';
import { listDeliveries } from '../../domain/webhook-commands.ts';
import type { Chip, Fact, Frame } from '../../views/models.ts';
import type { DeliveryRow, WebhookPage, WebhookRow } from '../../views/webhook-models.ts';
import { page as pageOf } from '../v1/params.ts';
import { duration } from './duration.ts';
import { moment } from './relative-time.ts';

const PAGE_SIZE = 20;

/** What is asked for, and what was just done. */
export interface WebhookAsked {
  readonly status?: DeliveryStatus | undefined;
  readonly before?: string | undefined;
  readonly secret?: string;
  readonly tested?: Attempt;
}

export const webhookHref = ({ id }: Webhook): string => `/settings/webhooks/${id}`;

/** A webhook as every page shows it. */
export const webhookRow = (webhook: Webhook): WebhookRow => ({
  href: webhookHref(webhook),
  url: webhook.url,
  description: webhook.description,
  events: eventsOf(webhook),
  chip: webhook.enabled ? { label: 'Enabled', tone: 'ok' } : { label: 'Disabled', tone: 'idle' },
});

function eventsOf({ eventTypes }: Webhook): string {
  if (eventTypes.length === 0) return 'Everything';
  return eventTypes.length === 1 ? '1 type of events' : `${eventTypes.length} types of events`;
}

/** One webhook, and what was sent to it. */
export async function webhookPage(
  ports: Ports,
  webhook: Webhook,
  { status, before, secret, tested }: WebhookAsked,
): Promise<Omit<WebhookPage, keyof Frame>> {
  const { owner, id: webhookId } = webhook;
  const { rows, next_before } = await pageOf({ limit: PAGE_SIZE, before }, async (query) => {
    const found = await listDeliveries(ports, owner, { ...query, webhookId, status });
    return found.map((delivery) => ({ id: delivery.eventId, delivery }));
  });
  const now = ports.clock();
  const hrefOf = (of: DeliveryStatus | undefined, from?: string) => deliveriesHref(webhook, of, from);
  return {
    webhook: webhookRow(webhook),
    host: webhookHost(webhook),
    isEnabled: webhook.enabled,
    facts: factsOf(webhook, now),
    secret,
    ...(tested && { tested: toldOf(tested) }),
    filters: FILTERS.map(([of, label]) => ({ label, href: hrefOf(of), chosen: of === status })),
    status: status ?? '',
    deliveries: rows.map(({ delivery }) => deliveryRow(webhook, delivery, now)),
    here: hrefOf(status, before),
    newestHref: before && hrefOf(status),
    olderHref: next_before && hrefOf(status, next_before),
  };
}

const FILTERS: readonly (readonly [DeliveryStatus | undefined, string])[] = [
  [undefined, 'All'],
  ['pending', 'On their way'],
  ['delivered', 'Delivered'],
  ['dead', 'Dead'],
];

/** Where the deliveries of a webhook are listed. */
export function deliveriesHref(webhook: Webhook, status?: DeliveryStatus, before?: string): string {
  const query = new URLSearchParams({ ...(status && { status }), ...(before && { before }) });
  return query.size === 0 ? webhookHref(webhook) : `${webhookHref(webhook)}?${query}`;
}

function factsOf({ url, eventTypes, description, createdAt }: Webhook, now: number): Fact[] {
  const { ago, iso } = moment(createdAt, now);
  return [
    { name: 'Address', value: url },
    ...(description === '' ? [] : [{ name: 'Description', value: description }]),
    { name: 'Is sent', value: eventTypes.length === 0 ? 'everything' : eventTypes.join(', ') },
    { name: 'Created', value: ago, title: iso },
  ];
}

const toldOf = ({ status, error }: Attempt): WebhookPage['tested'] =>
  error === undefined
    ? { ok: true, text: `The endpoint took the test message: it answered ${status}.` }
    : { ok: false, text: error };

const CHIPS: Readonly<Record<DeliveryStatus, Chip>> = {
  pending: { label: 'On its way', tone: 'busy' },
  delivered: { label: 'Delivered', tone: 'ok' },
  dead: { label: 'Dead', tone: 'bad' },
};

function deliveryRow(webhook: Webhook, delivery: WebhookDelivery, now: number): DeliveryRow {
  const { eventId, eventType, status, lastError, endedAt } = delivery;
  const retry = `${webhookHref(webhook)}/deliveries/${eventId}/retry`;
  return {
    eventId,
    type: eventType,
    chip: CHIPS[status],
    facts: deliveryFacts(delivery, now),
    ...(status !== 'delivered' && lastError !== undefined && { error: lastError }),
    ...(endedAt !== undefined && { ended: moment(endedAt, now) }),
    // What is disabled is sent nothing.
    ...(status === 'dead' && webhook.enabled && { retryHref: retry }),
  };
}

function deliveryFacts(
  { status, attempts, nextAttemptAt, lastStatus }: WebhookDelivery,
  now: number,
): string[] {
  if (attempts === 0) return ['not tried yet'];
  const facts = [attempts === 1 ? '1 attempt' : `${attempts} attempts`];
  if (status === 'delivered' && lastStatus !== undefined) facts.push(`answered ${lastStatus}`);
  if (status === 'pending') facts.push(`tried again in ${duration(nextAttemptAt - now)}`);
  return facts;
}
