import { describe, expect, it } from 'vitest';
import { TIMINGS } from '../options.ts';
import { afterExit, noCrashes, type Verdict } from './backoff.ts';

/** The verdicts on processes that lived for so many milliseconds, one after another. */
function verdicts(...uptimes: number[]): (number | 'abandon')[] {
  let history = noCrashes(TIMINGS);
  return uptimes.map((uptime) => {
    const verdict: Verdict = afterExit(history, uptime, TIMINGS);
    if (verdict.kind === 'abandon') return 'abandon';
    history = verdict.history;
    return verdict.delay;
  });
}

const SOME_SECONDS = 10_000;

describe('what follows an unexpected exit', () => {
  it('waits twice as long each time, from 1 s up to 30 s', () => {
    const uptimes = Array.from({ length: 8 }, () => SOME_SECONDS);
    expect(verdicts(...uptimes)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('forgets crashes after 60 s of health', () => {
    expect(verdicts(SOME_SECONDS, SOME_SECONDS, 60_000, SOME_SECONDS)).toEqual([1000, 2000, 1000, 2000]);
    expect(verdicts(SOME_SECONDS, SOME_SECONDS, 59_999)).toEqual([1000, 2000, 4000]);
  });

  it('gives up after five exits in a row that came within 5 s of their start', () => {
    expect(verdicts(0, 4999, 0, 100, 0)).toEqual([1000, 2000, 4000, 8000, 'abandon']);
  });

  it('counts exits in a row only: one that lived for 5 s breaks it', () => {
    expect(verdicts(0, 0, 0, 0, 5000, 0, 0, 0, 0)).not.toContain('abandon');
  });
});
