import type { Event, EventType } from './event.ts';

/** Where an owner's events are sent to. Times are milliseconds since the epoch. */
export interface Webhook {
  readonly id: string;
  readonly owner: string;
  readonly url: string;
  readonly description: string;
  /** Empty: all types that can be sent. */
  readonly eventTypes: readonly EventType[];
  readonly enabled: boolean;
  /** Its signing secrets, sealed; they open with {@link webhookContext}. */
  readonly sealed: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const webhookContext = ({ owner, id }: Pick<Webhook, 'owner' | 'id'>): readonly string[] => [
  'webhook',
  owner,
  id,
];

/** What may be told of an address: paths and queries of some hold secrets. */
export const webhookHost = ({ url }: Pick<Webhook, 'url'>): string => new URL(url).host;

/** That a webhook has trouble is not sent to webhooks: it would be for ever. */
export const isSendable = (type: EventType): boolean => !type.startsWith('webhook.');

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/**
 * One event on its way to one webhook: there is one for the two. The store makes it in the same commit as the event, so that none is lost; it
 * is sent until the far end takes it, at least once, and given up after the last attempt.
 */
export interface WebhookDelivery {
  readonly webhookId: string;
  readonly eventId: string;
  readonly eventType: EventType;
  readonly owner: string;
  readonly status: DeliveryStatus;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it is tried next; of no meaning unless pending. */
  readonly nextAttemptAt: number;
  /** The HTTP status the far end answered last, where it did. */
  readonly lastStatus?: number;
  /** Why the last attempt failed, for people. */
  readonly lastError?: string;
  readonly endedAt?: number;
}

/** A delivery with what it takes to send it. */
export interface DueDelivery {
  readonly delivery: WebhookDelivery;
  readonly webhook: Webhook;
  readonly event: Event;
}

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends a request to an address that a tenant has chosen: redirects are not followed, answers are not kept, and what
 * takes longer than ten seconds has failed. Unless it is allowed, addresses that are not on the public internet are refused, by
 * the address that is connected to.
 */
export interface WebhookSender {
  /** @throws SandboxdError `invalid_request` for an address that is refused whatever names lead to */
  check(url: string): void;
  /**
   * Sends once: repeating it is for the caller.
   * @returns the HTTP status, whatever it is
   * @throws SandboxdError `invalid_request` for an address that is refused, `unavailable` where no answer came; its message
   * shows nothing of the address's path or query. The signal's reason when that aborts
   */
  send(request: WebhookRequest, signal: AbortSignal): Promise<number>;
}
