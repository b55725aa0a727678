import { timestamp } from '../../domain/ids.ts';
import type { Moment } from '../../views/models.ts';

const UNITS = [
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const;

const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' });
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' });

/** A time as people say it. Both in milliseconds since the epoch; what lies ahead counts as now: clocks differ. */
export function moment(at: number, now: number): Moment {
  return { ago: ago(at, now), iso: timestamp(at) };
}

function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  if (seconds < 5) return 'just now';
  for (const [unit, length] of UNITS) {
    if (seconds < length) continue;
    const count = Math.floor(seconds / length);
    return unit === 'day' && count > 30 ? date.format(at) : words.format(-count, unit);
  }
  return words.format(-seconds, 'second');
}

/** A day, also one that lies ahead. @param at milliseconds since the epoch */
export const dateOf = (at: number): Moment => ({ ago: date.format(at), iso: timestamp(at) });
