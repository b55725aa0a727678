import { describe, expect, it } from 'vitest';
import { moment } from './relative-time.ts';

const NOW = Date.UTC(2030, 5, 15, 12);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a moment', () => {
  it.each([
    [0, 'just now'],
    [-10 * SECOND, 'just now'],
    [30 * SECOND, '30 seconds ago'],
    [MINUTE, '1 minute ago'],
    [59 * MINUTE, '59 minutes ago'],
    [HOUR, '1 hour ago'],
    [25 * HOUR, 'yesterday'],
    [6 * DAY, '6 days ago'],
    [40 * DAY, 'May 6, 2030'],
  ])('%d ms back reads "%s"', (back, words) => {
    expect(moment(NOW - back, NOW).ago).toBe(words);
  });

  it('carries the exact time', () => {
    expect(moment(NOW, NOW).iso).toBe('2030-06-15T12:00:00.000Z');
  });
});
