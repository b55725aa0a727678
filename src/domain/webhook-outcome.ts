import type { DeliveryStatus, WebhookDelivery } from './webhook.ts';
import type { Attempt } from './webhook-attempt.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long after each failed attempt the next one follows, in milliseconds. When the list ends, the delivery is dead. */
export const RETRY_MS = [
  10 * SECOND,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
] as const;

/** Either way: what failed together does not come back together. */
const JITTER = 0.1;

/** The endpoint says that it is gone for good. */
export const GONE = 410;

/**
 * A delivery after an attempt at `now`.
 * @param random from 0 to 1
 */
export function afterAttempt(
  delivery: WebhookDelivery,
  { status, error }: Attempt,
  now: number,
  random: number,
): WebhookDelivery {
  const attempts = delivery.attempts + 1;
  const { lastStatus: _status, lastError: _error, ...rest } = delivery;
  const noted = {
    ...rest,
    attempts,
    ...(status !== undefined && { lastStatus: status }),
    ...(error !== undefined && { lastError: error }),
  };
  if (error === undefined) return ended(noted, 'delivered', now);
  const wait = status === GONE ? undefined : RETRY_MS[attempts - 1];
  if (wait === undefined) return ended(noted, 'dead', now);
  return { ...noted, nextAttemptAt: now + Math.round(wait * (1 + JITTER * (2 * random - 1))) };
}

const ended = (delivery: WebhookDelivery, status: DeliveryStatus, endedAt: number): WebhookDelivery => ({
  ...delivery,
  status,
  endedAt,
});
