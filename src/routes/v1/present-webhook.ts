import type * as v from 'valibot';
import { timestamp } from '../../domain/ids.ts';
import { optionalTimestamp } from '../../domain/record.ts';
import type { Webhook, WebhookDelivery } from '../../domain/webhook.ts';
import type { Attempt } from '../../domain/webhook-attempt.ts';
import type { WebhookWithSecret } from '../../domain/webhook-commands.ts';
import type { DeliveryBody, TestBody, WebhookBody, WebhookWithSecretBody } from './webhook-schemas.ts';

export const presentWebhook = (webhook: Webhook): v.InferOutput<typeof WebhookBody> => ({
  id: webhook.id,
  url: webhook.url,
  description: webhook.description,
  event_types: webhook.eventTypes.length === 0 ? null : [...webhook.eventTypes],
  enabled: webhook.enabled,
  created_at: timestamp(webhook.createdAt),
  updated_at: timestamp(webhook.updatedAt),
});

export const presentWithSecret = ({
  webhook,
  secret,
}: WebhookWithSecret): v.InferOutput<typeof WebhookWithSecretBody> => ({
  ...presentWebhook(webhook),
  secret,
});

export const presentDelivery = (delivery: WebhookDelivery): v.InferOutput<typeof DeliveryBody> => ({
  event_id: delivery.eventId,
  event_type: delivery.eventType,
  status: delivery.status,
  attempts: delivery.attempts,
  next_attempt_at: delivery.status === 'pending' ? timestamp(delivery.nextAttemptAt) : undefined,
  last_http_status: delivery.lastStatus,
  error_message: delivery.lastError,
  ended_at: optionalTimestamp(delivery.endedAt),
});

export const presentAttempt = ({ status, error }: Attempt): v.InferOutput<typeof TestBody> => ({
  delivered: error === undefined,
  http_status: status,
  error_message: error,
});
