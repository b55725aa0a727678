import { describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../tests/fakes/api-world.ts';
import { RateLimitedError } from './errors.ts';
import { noteFailure, requireNoWait } from './login-limit.ts';

const DAY = 24 * 3600 * 1000;

const oneAddress = () => '203.0.113.9';
const manyAddresses = (guess: number) => `10.${guess >> 16}.${(guess >> 8) & 255}.${guess & 255}`;

/** How many guesses are let through until a time from now, when each comes as soon as it may. */
async function guessesWithin(world: ApiWorld, ms: number, addressOf: (guess: number) => string) {
  const end = world.ports.clock() + ms;
  for (let guesses = 0; ; ) {
    try {
      await requireNoWait(world.ports, addressOf(guesses));
      await noteFailure(world.ports, addressOf(guesses));
      guesses += 1;
    } catch (error) {
      if (!(error instanceof RateLimitedError)) throw error;
      world.advance(error.retryAfterSeconds * 1000);
      if (world.ports.clock() > end) return guesses;
    }
  }
}

describe('who never gives up', () => {
  it('makes some thirty guesses a day from one address, and no more the next day', async () => {
    const world = apiWorld();
    expect(await guessesWithin(world, DAY, oneAddress)).toBe(33);
    expect(await guessesWithin(world, DAY, oneAddress)).toBeLessThanOrEqual(25);
  });

  it('makes two guesses a minute from as many addresses as there are', async () => {
    const guesses = await guessesWithin(apiWorld(), 3600 * 1000, manyAddresses);
    expect(guesses).toBeGreaterThan(100);
    expect(guesses).toBeLessThan(100 + 130);
  });

  it('waits no longer because a clock was wrong, and goes on waiting when it is right', async () => {
    const world = apiWorld();
    const ahead = { ...world.ports, clock: () => world.ports.clock() + 365 * DAY };
    for (let time = 0; time < 6; time += 1) await noteFailure(ahead, '203.0.113.9');
    await expect(requireNoWait(world.ports, '203.0.113.9')).resolves.toBeUndefined();
    await noteFailure(world.ports, '203.0.113.9');
    await expect(requireNoWait(world.ports, '203.0.113.9')).rejects.toMatchObject({ retryAfterSeconds: 240 });
  });

  it('has tries left, though the clock of who counts is a little ahead', async () => {
    const world = apiWorld();
    await noteFailure({ ...world.ports, clock: () => world.ports.clock() + 50 }, undefined);
    await expect(requireNoWait(world.ports, undefined)).resolves.toBeUndefined();
  });

  it('is told to wait a whole second at least', async () => {
    const world = apiWorld();
    for (let time = 0; time < 5; time += 1) await noteFailure(world.ports, undefined);
    world.advance(59_999);
    await expect(requireNoWait(world.ports, undefined)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: 1,
    });
    world.advance(1);
    await expect(requireNoWait(world.ports, undefined)).resolves.toBeUndefined();
  });
});
