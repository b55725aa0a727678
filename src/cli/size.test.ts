import { expect, it } from 'vitest';
import { sizeText } from './size.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1200, '1.2 kB'],
  [45_000_000, '45 MB'],
  [2_200_000_000, '2.2 GB'],
  [7e15, '7000 TB'],
])('tells %i bytes as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
