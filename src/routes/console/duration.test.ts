import { expect, it } from 'vitest';
import { duration } from './duration.ts';

it.each([
  [-5000, '0 s'],
  [0, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min 0 s'],
  [200_000, '3 min 20 s'],
  [3_599_999, '59 min 59 s'],
  [3_900_000, '1 h 5 min'],
])('%d ms are %s', (ms, said) => {
  expect(duration(ms)).toBe(said.replaceAll(/(\d) /g, '$1\u00A0'));
});
