import type { EventType } from '../../domain/event.ts';
import type { ChangeOf, WebhookReads } from '../../domain/store.ts';
import type { DueDelivery, Webhook, WebhookDelivery } from '../../domain/webhook.ts';
import { EVENT_COLUMNS, type EventRow, toEvent } from './events.ts';
import { hasFewer } from './limits.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface WebhookRow {
  webhook_id: string;
  owner: string;
  url: string;
  description: string;
  event_types: string;
  enabled: number;
  sealed: string;
  webhook_created_at: number;
  webhook_updated_at: number;
}

interface DeliveryRow {
  webhook_id: string;
  event_id: string;
  event_type: EventType;
  owner: string;
  status: WebhookDelivery['status'];
  attempts: number;
  next_attempt_at: number;
  last_status: number | null;
  last_error: string | null;
  ended_at: number | null;
}

/** Of the webhooks that are called `w`; named such that an event's columns may stand beside them. */
const WEBHOOK_COLUMNS = sql`w.id AS webhook_id, w.owner, w.url, w.description, w.event_types, w.enabled, w.sealed,
  w.created_at AS webhook_created_at, w.updated_at AS webhook_updated_at`;

/** Of the deliveries that are called `d`. */
const DELIVERY_COLUMNS = sql`d.webhook_id, d.event_id, d.event_type, d.owner, d.status, d.attempts, d.next_attempt_at,
  d.last_status, d.last_error, d.ended_at`;

/** Spelled as in the partial index, which serves only a query that repeats its condition. */
const WAITING = sql`status = 'pending' AND is_held = 0`;

export const webhookReads = (database: Sql): WebhookReads => ({
  async list(owner) {
    const rows = await database.read<WebhookRow>(
      sql`SELECT ${WEBHOOK_COLUMNS} FROM webhooks AS w WHERE w.owner = ${owner} ORDER BY w.id DESC`,
    );
    return rows.map(toWebhook);
  },
  async find(owner, id) {
    const [row] = await database.read<WebhookRow>(
      sql`SELECT ${WEBHOOK_COLUMNS} FROM webhooks AS w WHERE w.id = ${id} AND w.owner = ${owner}`,
    );
    return row && toWebhook(row);
  },
  async deliveries(owner, { webhookId, status, before, limit }) {
    const inStatus =
      status === undefined
        ? sql`WHERE webhook_id = ${webhookId}`
        : sql`INDEXED BY webhook_deliveries_by_status WHERE webhook_id = ${webhookId} AND status = ${status}`;
    const older = before === undefined ? NOTHING : sql`AND event_id < ${before}`;
    const rows = await database.read<DeliveryRow>(sql`
      SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries AS d ${inStatus} AND owner = ${owner} ${older}
      ORDER BY event_id DESC LIMIT ${limit}`);
    return rows.map(toDelivery);
  },
  async delivery(owner, webhookId, eventId) {
    const [row] = await database.read<DeliveryRow>(sql`
      SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries AS d
      WHERE webhook_id = ${webhookId} AND event_id = ${eventId} AND owner = ${owner}`);
    return row && toDelivery(row);
  },
  async take(now, leaseUntil, limit, except) {
    const due = dueFirst(now, limit, except);
    const [rows] = await database.batch([readDue(due), lease(due, leaseUntil)]);
    return (rows as (DeliveryRow & WebhookRow & EventRow)[]).map(
      (row): DueDelivery => ({
        delivery: { ...toDelivery(row), nextAttemptAt: leaseUntil },
        webhook: toWebhook(row),
        event: toEvent(row),
      }),
    );
  },
});

const dueFirst = (now: number, limit: number, except: readonly string[]): Statement => sql`
  WHERE ${WAITING} AND next_attempt_at <= ${now}
    AND webhook_id NOT IN (SELECT value FROM json_each(${JSON.stringify(except)}))
  ORDER BY next_attempt_at, event_id, webhook_id LIMIT ${limit}`;

/** Within one transaction with {@link lease}, which takes the same ones. */
const readDue = (due: Statement): Statement => sql`
  SELECT ${DELIVERY_COLUMNS}, ${WEBHOOK_COLUMNS}, ${EVENT_COLUMNS}
  FROM (SELECT * FROM webhook_deliveries ${due}) AS d
  CROSS JOIN webhooks AS w ON w.id = d.webhook_id
  CROSS JOIN events AS e ON e.owner = d.owner AND e.id = d.event_id
  ORDER BY d.next_attempt_at, d.event_id, d.webhook_id`;

const lease = (due: Statement, leaseUntil: number): Statement => sql`
  UPDATE webhook_deliveries SET next_attempt_at = ${leaseUntil} WHERE (webhook_id, event_id) IN (
    SELECT webhook_id, event_id FROM webhook_deliveries ${due})`;

const toWebhook = (row: WebhookRow): Webhook => ({
  id: row.webhook_id,
  owner: row.owner,
  url: row.url,
  description: row.description,
  eventTypes: JSON.parse(row.event_types) as EventType[],
  enabled: row.enabled === 1,
  sealed: row.sealed,
  createdAt: row.webhook_created_at,
  updatedAt: row.webhook_updated_at,
});

const toDelivery = (row: DeliveryRow): WebhookDelivery => ({
  webhookId: row.webhook_id,
  eventId: row.event_id,
  eventType: row.event_type,
  owner: row.owner,
  status: row.status,
  attempts: row.attempts,
  nextAttemptAt: row.next_attempt_at,
  lastStatus: row.last_status ?? undefined,
  lastError: row.last_error ?? undefined,
  endedAt: row.ended_at ?? undefined,
});

/** Where there are as many as there may be, its address would become NULL, which the table refuses. */
export const insertWebhook = ({ webhook, most }: ChangeOf<'webhook.insert'>): Statement => sql`
  INSERT INTO webhooks (id, owner, url, description, event_types, enabled, sealed, created_at, updated_at)
  VALUES (${webhook.id}, ${webhook.owner}, CASE WHEN ${hasFewer(sql`webhooks`, webhook.owner, most)} THEN ${webhook.url} END,
    ${webhook.description},
    ${JSON.stringify(webhook.eventTypes)}, ${webhook.enabled ? 1 : 0}, ${webhook.sealed}, ${webhook.createdAt},
    ${webhook.updatedAt})`;

export const updateWebhook = (change: ChangeOf<'webhook.update'>): readonly Statement[] => {
  const { owner, id, set, were, at } = change;
  const isSeen = were === undefined ? sql`true` : sql`sealed = ${were}`;
  const eventTypes = set.eventTypes === undefined ? null : JSON.stringify(set.eventTypes);
  return [
    sql`UPDATE webhooks SET
        url = coalesce(${set.url ?? null}, url),
        description = coalesce(${set.description ?? null}, description),
        event_types = coalesce(${eventTypes}, event_types),
        enabled = coalesce(${set.enabled === undefined ? null : Number(set.enabled)}, enabled),
        sealed = CASE WHEN ${isSeen} THEN coalesce(${set.sealed ?? null}, sealed) END,
        updated_at = ${at}
      WHERE id = ${id} AND owner = ${owner}`,
    ...(set.enabled === undefined ? [] : [hold(change, !set.enabled)]),
  ];
};

/** What is on its way to a webhook waits, or goes on. */
const hold = ({ owner, id }: Pick<Webhook, 'owner' | 'id'>, isHeld: boolean): Statement => sql`
  UPDATE webhook_deliveries SET is_held = ${Number(isHeld)}
  WHERE webhook_id = ${id} AND owner = ${owner} AND status = 'pending' AND is_held <> ${Number(isHeld)}`;

export const deleteWebhook = ({ owner, id }: ChangeOf<'webhook.delete'>): readonly Statement[] => [
  sql`DELETE FROM webhooks WHERE id = ${id} AND owner = ${owner}`,
  sql`DELETE FROM webhook_deliveries WHERE webhook_id = ${id} AND owner = ${owner}`,
];

export const noteDelivery = ({ delivery }: ChangeOf<'delivery.note'>): Statement => sql`
  UPDATE webhook_deliveries SET status = ${delivery.status}, attempts = ${delivery.attempts},
    next_attempt_at = ${delivery.nextAttemptAt}, last_status = ${delivery.lastStatus ?? null},
    last_error = ${delivery.lastError ?? null}, ended_at = ${delivery.endedAt ?? null}
  WHERE webhook_id = ${delivery.webhookId} AND event_id = ${delivery.eventId} AND owner = ${delivery.owner}
    AND status = 'pending'`;

export const retryDelivery = ({
  owner,
  webhookId,
  eventId,
  at,
}: ChangeOf<'delivery.retry'>): Statement => sql`
  UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = ${at}, last_status = NULL,
    last_error = NULL, ended_at = NULL, is_held = (SELECT enabled = 0 FROM webhooks WHERE id = ${webhookId})
  WHERE webhook_id = ${webhookId} AND event_id = ${eventId} AND owner = ${owner} AND status = 'dead'`;

export const expireDeliveries = (before: number): Statement =>
  sql`DELETE FROM webhook_deliveries WHERE ended_at < ${before} AND ended_at IS NOT NULL`;
