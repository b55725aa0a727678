import { describe, expect, it } from 'vitest';
import type { ProcessState } from '../../src/domain/runtimed.ts';
import { Changes } from '../changes.ts';
import { hasSteadyWorker } from './steady-worker.ts';

const worker = (state: Partial<ProcessState>): ProcessState => ({
  name: 'worker',
  kind: 'worker',
  running: true,
  restarts: 0,
  abandoned: false,
  ...state,
});

/** Asks, with what the workers are becoming, a state after each change. */
function ask(ms: number, first: ProcessState[], signal = AbortSignal.timeout(5000)) {
  const changes = new Changes();
  let states = first;
  const answer = hasSteadyWorker(() => states, changes, ms, signal);
  const become = (next: ProcessState[]) => {
    states = next;
    changes.notify();
  };
  return { answer, become };
}

describe('whether a worker keeps running', () => {
  it('is so when one does', async () => {
    const begun = performance.now();
    expect(await ask(100, [worker({ pid: 1, running: false }), worker({ pid: 2 })]).answer).toBe(true);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(95);
  });

  it('is not so while each start is followed by a crash', async () => {
    const left = new AbortController();
    const { answer, become } = ask(10_000, [worker({ pid: 1 })], left.signal);
    become([worker({ running: false, restarts: 1 })]);
    become([worker({ pid: 2, restarts: 1 })]);
    left.abort();
    expect(await answer).toBe(false);
  });

  it('counts from the start of the one that runs now', async () => {
    const { answer, become } = ask(100, [worker({ pid: 1 })]);
    const restarted = performance.now();
    become([worker({ pid: 2, restarts: 1 })]);
    expect(await answer).toBe(true);
    expect(performance.now() - restarted).toBeGreaterThanOrEqual(95);
  });

  it('is not so when all are left alone, or there are none', async () => {
    expect(await ask(100, [worker({ running: false, abandoned: true })]).answer).toBe(false);
    expect(await ask(100, []).answer).toBe(false);
  });
});
