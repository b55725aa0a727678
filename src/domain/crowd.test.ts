import { expect, it } from 'vitest';
import { Crowd } from './crowd.ts';

const clock = () => 1000;

it('lets in as many as it holds, and others as soon as one has left, however it left', async () => {
  const crowd = new Crowd(2);
  const [one, two] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const [first, second] = [crowd.among(clock, () => one.promise), crowd.among(clock, () => two.promise)];
  await expect(crowd.among(clock, async () => 'third')).rejects.toMatchObject({ code: 'rate_limited' });
  one.reject(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  expect(await crowd.among(clock, async () => 'third')).toBe('third');
  two.resolve('second');
  expect(await second).toBe('second');
});

it('forgets who was cut off and never comes back', async () => {
  const crowd = new Crowd(1);
  void crowd.among(clock, () => new Promise(() => undefined));
  await expect(
    crowd.among(
      () => 11_000,
      async () => 'next',
    ),
  ).rejects.toMatchObject({ code: 'rate_limited' });
  expect(
    await crowd.among(
      () => 11_001,
      async () => 'next',
    ),
  ).toBe('next');
});
