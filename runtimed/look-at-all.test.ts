import { expect, it } from 'vitest';
import { lookAtAll } from './look-at-all.ts';

it('finds everything in order, and never looks at many places at once', async () => {
  let [now, most] = [0, 0];
  const look = async (place: number) => {
    now += 1;
    most = Math.max(most, now);
    // Later places answer sooner.
    for (let turn = place % 7; turn < 7; turn += 1) await Promise.resolve();
    now -= 1;
    return place * 2;
  };
  const places = Array.from({ length: 1000 }, (_, index) => index);
  expect(await lookAtAll(places, look)).toEqual(places.map((place) => place * 2));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThan(100);
});
