import type { Event, EventType } from '../../domain/event.ts';
import type { TimelineEntry, Tone } from '../../views/models.ts';
import { moment } from './relative-time.ts';

const GOOD: ReadonlySet<EventType> = new Set([
  'sandbox.started',
  'sandbox.woken',
  'preview.health.ok',
  'snapshot.captured',
  'snapshot.restored',
  'snapshot.forked',
] satisfies EventType[]);

/** An event as the timeline shows it. `now` in milliseconds since the epoch. */
export const timelineEntry = (event: Event, now: number): TimelineEntry => ({
  id: event.id,
  message: event.message,
  type: event.type,
  tone: toneOf(event),
  at: moment(event.createdAt, now),
});

function toneOf({ severity, type }: Event): Tone {
  if (severity === 'error') return 'bad';
  if (severity === 'warning') return 'warn';
  return GOOD.has(type) ? 'ok' : 'idle';
}
