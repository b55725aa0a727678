import { expect, it } from 'vitest';
import { MAX_EARLIER, withEarlier } from './earlier-secrets.ts';

it('keeps what was secret before, each once, and the latest first', () => {
  const first = withEarlier(['a', 'b'], []);
  const second = withEarlier(['c', 'b'], first);
  expect(second).toEqual(['c', 'b', 'a']);
  expect(withEarlier([], second)).toEqual(['c', 'b', 'a']);
});

it('is bounded however often values change, but for what is secret now', () => {
  const long = 'x'.repeat(MAX_EARLIER / 4);
  let known: string[] = [];
  for (let turn = 0; turn < 20; turn += 1)
    known = withEarlier([`${turn}${long}`.slice(0, long.length)], known);
  expect(known.map((one) => one.split('x')[0])).toEqual(['19', '18', '17', '16', '15']);
  const all = Array.from({ length: 9 }, (_, index) => `${index}${long}`);
  expect(withEarlier(all, known)).toEqual([...all, ...known.slice(0, 4)]);
});
