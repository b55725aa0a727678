import { expect, it } from 'vitest';
import { Changes } from './changes.ts';

const never = new AbortController().signal;
const LONG = 60_000;

it('wakes everybody who waits for a change, with its version', async () => {
  const changes = new Changes();
  const waiting = [changes.after(0, LONG, never), changes.after(0, LONG, never)];
  changes.notify();
  expect(await Promise.all(waiting)).toEqual([1, 1]);
});

it('does not make anybody wait for a change that has come already', async () => {
  const changes = new Changes();
  const { version } = changes;
  changes.notify();
  expect(await changes.after(version, LONG, never)).toBe(1);
});

it('waits no longer than it is told to', async () => {
  expect(await new Changes().after(0, 5, never)).toBe(0);
});

it('ends waiting when the signal aborts, before or meanwhile', async () => {
  const changes = new Changes();
  const leaving = new AbortController();
  const waiting = changes.after(0, LONG, leaving.signal);
  leaving.abort();
  expect(await waiting).toBe(0);
  expect(await changes.after(0, LONG, leaving.signal)).toBe(0);
});
