import { describe, expect, it } from 'vitest';
import { TIMINGS } from '../options.ts';
import { type Health, isAwaited, judge, type Liveness, NONE, probeInterval, STARTING } from './judge.ts';
import type { ProbeOutcome } from './probe.ts';

const RUNNING: Liveness = { running: true, uptime: 1000 };
const GONE: Liveness = { running: false, uptime: 1000 };
const SLOW: Liveness = { running: true, uptime: TIMINGS.startingLimit };
const OK: ProbeOutcome = { ok: true, status: 200 };
const HIDDEN: ProbeOutcome = { ok: false, isHidden: true };
const REFUSED: ProbeOutcome = { ok: false };
const BROKEN: ProbeOutcome = { ok: false, status: 500 };

const after = (...steps: [ProbeOutcome, Liveness][]): Health => {
  let health = STARTING;
  for (const [outcome, web] of steps) health = judge(health, outcome, web, 5, TIMINGS);
  return health;
};

describe('the verdict on a web process', () => {
  it.each([
    ['starting', 'while it has not answered yet', [[REFUSED, RUNNING]]],
    ['starting', 'while it answers with an error at first', [[BROKEN, RUNNING]]],
    ['down', 'as soon as it listens where no visitor comes', [[HIDDEN, RUNNING]]],
    [
      'ready',
      'once it answers 200',
      [
        [REFUSED, RUNNING],
        [OK, RUNNING],
      ],
    ],
    ['ready', 'whichever process answers', [[OK, GONE]]],
    [
      'ready',
      'after a single failed probe',
      [
        [OK, RUNNING],
        [REFUSED, RUNNING],
      ],
    ],
    [
      'down',
      'after two failed probes',
      [
        [OK, RUNNING],
        [BROKEN, RUNNING],
        [REFUSED, RUNNING],
      ],
    ],
    [
      'ready',
      'when a good one lies between two failed',
      [
        [OK, RUNNING],
        [REFUSED, RUNNING],
        [OK, RUNNING],
        [REFUSED, RUNNING],
      ],
    ],
    [
      'down',
      'as soon as it has gone',
      [
        [OK, RUNNING],
        [REFUSED, GONE],
      ],
    ],
    ['down', 'when it has taken too long to start', [[REFUSED, SLOW]]],
    [
      'down',
      'until it serves again',
      [
        [REFUSED, GONE],
        [REFUSED, RUNNING],
      ],
    ],
  ] as [string, string, [ProbeOutcome, Liveness][]][])('is %s %s', (status, _, steps) => {
    expect(after(...steps).status).toBe(status);
  });

  it('remembers the last status and when it was seen', () => {
    expect(after([BROKEN, RUNNING])).toMatchObject({ lastStatus: 500, checkedAt: 5 });
    expect(after([REFUSED, RUNNING])).not.toHaveProperty('lastStatus');
  });

  it('is made more often while it is not known to be good', () => {
    expect(probeInterval(after([REFUSED, RUNNING]), TIMINGS)).toBe(250);
    expect(probeInterval(after([OK, RUNNING]), TIMINGS)).toBe(5000);
    expect(probeInterval(after([OK, RUNNING], [REFUSED, RUNNING]), TIMINGS)).toBe(250);
    expect(probeInterval(after([REFUSED, GONE]), TIMINGS)).toBe(1000);
  });

  it('is awaited eagerly only as long as the app is about to serve', () => {
    expect(isAwaited(after([REFUSED, RUNNING]))).toBe(true);
    const others = [NONE, after([OK, RUNNING]), after([REFUSED, GONE]), after([REFUSED, SLOW])];
    expect(others.filter(isAwaited)).toEqual([]);
  });
});
