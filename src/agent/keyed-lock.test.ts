import { describe, expect, it } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

describe('the keyed lock', () => {
  it('runs tasks of one key one after the other, in order', async () => {
    const lock = new KeyedLock();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = lock.run('a', async () => {
      log.push('first begins');
      await gate.promise;
      log.push('first ends');
    });
    const second = lock.run('a', async () => void log.push('second'));
    await lock.run('b', async () => void log.push('other key'));
    gate.resolve();
    await Promise.all([first, second]);
    expect(log).toEqual(['first begins', 'other key', 'first ends', 'second']);
  });

  it('gives the next its turn when one fails, and the failure to its own caller', async () => {
    const lock = new KeyedLock();
    const failing = lock.run('a', async () => {
      throw new Error('mine');
    });
    const next = lock.run('a', async () => 'fine');
    await expect(failing).rejects.toThrow('mine');
    expect(await next).toBe('fine');
  });

  it('keeps nothing of a key nobody uses', async () => {
    const lock = new KeyedLock();
    await Promise.allSettled([
      lock.run('a', async () => 1),
      lock.run('b', () => Promise.reject(new Error('x'))),
    ]);
    expect(lock.size).toBe(0);
  });
});
