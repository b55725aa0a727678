import { IDEMPOTENCY_MS } from './idempotency.ts';
import type { Ports } from './ports.ts';

const DAY_MS = 24 * 3600 * 1000;

/** How long it can be seen what came of a delivery to a webhook. */
const DELIVERY_MS = 30 * DAY_MS;

/** Dropped at a time, of each owner's events: whoever writes meanwhile waits for one step at most. */
const HISTORY_STEP = 1000;

/**
 * Drops what nobody needs any more: history that is older than the operator keeps it, sessions and login links that have expired,
 * what became of deliveries long ago, and answers kept for requests that nobody repeats by now. Safe to repeat, to run
 * side by side, and to cut off anywhere.
 */
export async function upkeep(
  ports: Pick<Ports, 'store' | 'clock' | 'instance'>,
  signal: AbortSignal,
): Promise<void> {
  const now = ports.clock();
  await ports.store.commit(
    { kind: 'identity.expire', now },
    { kind: 'leftovers.expire', deliveriesBefore: now - DELIVERY_MS, requestsBefore: now - IDEMPOTENCY_MS },
  );
  const days = ports.instance.eventRetentionDays;
  if (days === 0) return;
  const before = now - days * DAY_MS;
  while (!signal.aborted && (await ports.store.events.hasBefore(before)))
    await ports.store.commit({ kind: 'history.expire', before, limit: HISTORY_STEP });
}
