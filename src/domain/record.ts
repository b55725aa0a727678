import type { Event, EventType } from './event.ts';
import { timestamp } from './ids.ts';
import type { Ports } from './ports.ts';
import type { Change } from './store.ts';

type Subject = Pick<Event, 'owner' | 'message'> &
  Partial<Pick<Event, 'appId' | 'sandboxId' | 'taskId' | 'snapshotId' | 'payload' | 'severity'>>;

/** The change that records an event together with what it is about. */
export function recorded(ports: Pick<Ports, 'newId' | 'clock'>, type: EventType, subject: Subject): Change {
  const event: Event = { severity: 'info', ...subject, id: ports.newId(), type, createdAt: ports.clock() };
  return { kind: 'event', event };
}

/** Records what has happened already: whether that works changes nothing about it. Never throws. */
export async function recordAfter(ports: Pick<Ports, 'store' | 'log'>, event: Change): Promise<void> {
  try {
    await ports.store.commit(event);
  } catch (error) {
    ports.log.error('an event was not recorded', error);
  }
}

/** The wire form of a time that may be missing. */
export const optionalTimestamp = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : timestamp(ms);
