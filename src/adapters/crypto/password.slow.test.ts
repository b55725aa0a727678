import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { bestOf } from '../../../tests/harness/best-of.ts';
import { nativeHasher } from './native-password.ts';
import { scryptHasher } from './password.ts';

const PASSWORD = 'test-password-not-real ünïcode 🚀';

const hashers = [
  ['in JavaScript', scryptHasher, nativeHasher],
  ['of the platform', nativeHasher, scryptHasher],
] as const;

describe.each(hashers)('scrypt %s', (_, hasher, other) => {
  it('knows a password again, however its letters were composed, and no other', async () => {
    const hash = await hasher.hash(PASSWORD);
    expect(await hasher.verify(PASSWORD.normalize('NFD'), hash)).toBe(true);
    expect(await hasher.verify(`${PASSWORD} `, hash)).toBe(false);
    expect(await hasher.verify('', hash)).toBe(false);
  });

  it('reads what the other one made', async () => {
    expect(await other.verify(PASSWORD, await hasher.hash(PASSWORD))).toBe(true);
  });

  it('makes another hash each time, which names its cost and shows nothing of the password', async () => {
    const [one, two] = [await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
  });

  it('goes by the cost that a hash names', async () => {
    const cheap = 'scrypt$1$1$1$AAAAAAAAAAAAAAAAAAAAAA$lEWWvXSBDMqVAzFLL0iTtdDQIYi0JRIDqiQ-NYCG5B4';
    expect(await hasher.verify('', cheap)).toBe(true);
    expect(await hasher.verify('', cheap.replace('$1$1$1$', '$2$1$1$'))).toBe(false);
  });

  it.each(['', 'plain', 'scrypt$15$8$3$short$short', `scrypt$99$8$3$${'A'.repeat(22)}$${'A'.repeat(42)}`])(
    'takes nothing for the password of %j',
    async (hash) => {
      expect(await hasher.verify('', hash)).toBe(false);
    },
  );

  it('is slow for who guesses, and lets others have their turn meanwhile', async () => {
    const share = await bestOf(5, 0.5, async () => {
      using delay = watchLoop();
      const begun = performance.now();
      await hasher.hash(PASSWORD);
      const took = performance.now() - begun;
      expect(took).toBeGreaterThan(50);
      return delay.longestMs() / took;
    });
    // Whoever does not let go never does.
    expect(share).toBeLessThan(0.5);
  });
});

function watchLoop() {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  return {
    longestMs: () => histogram.max / 1e6,
    [Symbol.dispose]: () => void histogram.disable(),
  };
}
