import type { Event } from './event.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Change } from './store.ts';
import { type DueDelivery, type Webhook, type WebhookDelivery, webhookHost } from './webhook.ts';
import { attempt } from './webhook-attempt.ts';
import { afterAttempt, GONE } from './webhook-outcome.ts';

/** Attempts under way. */
const AT_ONCE = 16;
const AT_ONCE_PER_WEBHOOK = 2;
/** Longer than any attempt takes: what is not noted by then was lost with its sender, and is sent again. */
const LEASE_MS = 60_000;
/** What an attempt may take, with room to spare: one that would outlast its lease is not begun. */
const ATTEMPT_MS = 20_000;

export interface DispatchOptions {
  /** An event as the API shows it. */
  readonly present: (event: Event) => object;
  /** From 0 to 1. */
  readonly random: () => number;
}

interface Taken extends DueDelivery {
  readonly leaseUntil: number;
}

/** What was taken for one webhook. */
interface Lane {
  running: number;
  readonly waiting: Taken[];
}

/**
 * Sends what is due, some at once, and few of them to one webhook: a slow endpoint holds up its own deliveries alone. What is
 * begun and never noted, because this process or its database broke, is due again when its lease ends, and so arrives at
 * least once. Any number of these may share a store.
 */
export class WebhookDispatch {
  readonly #ports: Ports;
  readonly #options: DispatchOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(ports: Ports, options: DispatchOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * Takes what is due and begins to send it.
   * @param signal ends what is under way; it is due again when its lease ends
   * @returns whether another turn may find more at once
   */
  async turn(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#underWay.size >= AT_ONCE) return false;
    const now = this.#ports.clock();
    const leaseUntil = now + LEASE_MS;
    const due = await this.#ports.store.webhooks.take(now, leaseUntil, AT_ONCE, this.#busy());
    for (const one of due) this.#laneOf(one).waiting.push({ ...one, leaseUntil });
    this.#fill(signal);
    return due.length > 0;
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  /** Resolves when one of those under way has ended; at once when there is none. */
  async oneEnded(): Promise<void> {
    if (!this.isIdle) await Promise.race(this.#underWay);
  }

  /** Resolves when none is under way. */
  async allEnded(): Promise<void> {
    while (!this.isIdle) await Promise.all(this.#underWay);
  }

  /** Until nothing is due and all has ended, or the signal aborts. @throws what the store does */
  async drain(signal: AbortSignal): Promise<void> {
    try {
      for (let more = true; more || !this.isIdle; more = await this.turn(signal)) {
        if (!more) await this.oneEnded();
      }
    } finally {
      await this.allEnded();
    }
  }

  /** Webhooks that have as much to do as they may. */
  #busy(): string[] {
    return [...this.#lanes]
      .filter(([, { running, waiting }]) => running + waiting.length >= AT_ONCE_PER_WEBHOOK)
      .map(([id]) => id);
  }

  #laneOf({ webhook }: DueDelivery): Lane {
    const lane = this.#lanes.get(webhook.id) ?? { running: 0, waiting: [] };
    this.#lanes.set(webhook.id, lane);
    return lane;
  }

  /** One of each webhook in turn, so that none waits behind all of another's. */
  #fill(signal: AbortSignal): void {
    for (let begun = true; begun; ) {
      begun = false;
      for (const [id, lane] of this.#lanes) {
        if (this.#underWay.size < AT_ONCE && lane.running < AT_ONCE_PER_WEBHOOK) {
          begun = this.#beginNext(lane, signal) || begun;
        }
        if (lane.running + lane.waiting.length === 0) this.#lanes.delete(id);
      }
    }
  }

  #beginNext(lane: Lane, signal: AbortSignal): boolean {
    const next = signal.aborted ? undefined : this.#nextOf(lane);
    if (next === undefined) {
      lane.waiting.length = 0;
      return false;
    }
    lane.running += 1;
    const sent = this.#send(next, signal).finally(() => {
      lane.running -= 1;
      this.#underWay.delete(sent);
      this.#fill(signal);
    });
    this.#underWay.add(sent);
    return true;
  }

  /** Whose lease is about to end is left to who takes it next. */
  #nextOf({ waiting }: Lane): Taken | undefined {
    const latest = this.#ports.clock() + ATTEMPT_MS;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (next.leaseUntil >= latest) return next;
    }
    return undefined;
  }

  async #send(due: DueDelivery, signal: AbortSignal): Promise<void> {
    const fields = { webhookId: due.webhook.id, eventId: due.event.id };
    try {
      await this.#attempt(due, signal);
    } catch (error) {
      if (signal.aborted)
        this.#ports.log.info('a webhook delivery was broken off, and is sent again', fields);
      else this.#ports.log.error('a webhook delivery was not noted, and is sent again', error, fields);
    }
  }

  async #attempt(due: DueDelivery, signal: AbortSignal): Promise<void> {
    const { delivery, webhook, event } = due;
    const { clock, log, metrics, store } = this.#ports;
    const data = this.#options.present(event);
    const message = { id: event.id, type: event.type, at: event.createdAt, data };
    const came = await attempt(this.#ports, webhook, message, signal);
    const isGone = came.status === GONE && (await this.#isStill(webhook));
    const after = afterAttempt(delivery, came, clock(), this.#options.random());
    await store.commit(
      { kind: 'delivery.note', delivery: after },
      ...(after.status === 'dead' ? [this.#death(due, after)] : []),
      ...(isGone ? this.#disabling(webhook) : []),
    );
    const { status, attempts } = after;
    metrics.count('webhook_deliveries_total', { result: status === 'pending' ? 'failed' : status });
    const fields = { webhookId: webhook.id, eventId: event.id, attempts };
    log.debug('a webhook was called', { ...fields, status: came.status, error: came.error });
  }

  #death({ webhook, event }: DueDelivery, { attempts, lastStatus }: WebhookDelivery): Change {
    return recorded(this.#ports, 'webhook.delivery.dead', {
      owner: webhook.owner,
      severity: 'error',
      message: `The event ${event.type} could not be delivered to the webhook at ${webhookHost(webhook)}.`,
      payload: {
        webhook_id: webhook.id,
        event_id: event.id,
        event_type: event.type,
        attempts,
        ...(lastStatus !== undefined && { last_status: lastStatus }),
      },
    });
  }

  /** Whether it is what was called: an owner may have given it another address, or disabled it, meanwhile. */
  async #isStill({ owner, id, url }: Webhook): Promise<boolean> {
    const webhook = await this.#ports.store.webhooks.find(owner, id);
    return webhook?.enabled === true && webhook.url === url;
  }

  /** An endpoint that is gone for good is not called again. */
  #disabling(webhook: Webhook): Change[] {
    const { owner, id } = webhook;
    return [
      { kind: 'webhook.update', owner, id, set: { enabled: false }, at: this.#ports.clock() },
      recorded(this.#ports, 'webhook.updated', {
        owner,
        severity: 'warning',
        message: `The webhook at ${webhookHost(webhook)} was disabled: its endpoint says that it is gone (${GONE}).`,
        payload: { webhook_id: id, fields: 'enabled', reason: 'gone' },
      }),
    ];
  }
}
