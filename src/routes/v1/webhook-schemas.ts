import * as v from 'valibot';
import { DELIVERY_STATUSES } from '../../domain/webhook.ts';
import { Id, named, Time } from './schemas.ts';

const fields = {
  id: Id,
  url: v.string(),
  description: v.string(),
  event_types: v.pipe(v.nullable(v.array(v.string())), v.description('null: all that are sent')),
  enabled: v.boolean(),
  created_at: Time,
  updated_at: Time,
};

export const WebhookBody = named('Webhook', v.object(fields));

export const WebhookListBody = v.object({ webhooks: v.array(WebhookBody) });

export const WebhookWithSecretBody = v.object({
  ...fields,
  secret: v.pipe(v.string(), v.description('signs what is sent; shown this once')),
});

export const DeliveryBody = named(
  'WebhookDelivery',
  v.object({
    event_id: v.pipe(Id, v.description('what the `webhook-id` header says, too')),
    event_type: v.string(),
    status: v.picklist(DELIVERY_STATUSES),
    attempts: v.number(),
    next_attempt_at: v.optional(v.pipe(Time, v.description('of a pending one'))),
    last_http_status: v.optional(v.number()),
    error_message: v.optional(v.pipe(v.string(), v.description('why the last attempt failed'))),
    ended_at: v.optional(Time),
  }),
);

export const DeliveryListBody = v.object({ deliveries: v.array(DeliveryBody), next_before: v.optional(Id) });

export const TestBody = v.object({
  delivered: v.boolean(),
  http_status: v.optional(v.pipe(v.number(), v.description('absent when nothing answered'))),
  error_message: v.optional(v.string()),
});
