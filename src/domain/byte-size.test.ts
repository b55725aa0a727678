import { describe, expect, it } from 'vitest';
import { byteSize } from './byte-size.ts';

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [102_348, '99.9 KiB'],
    [102_400, '100 KiB'],
    [1_023_999, '1.0 MiB'],
    [200 * 1024 * 1024, '200 MiB'],
    [1.25 * 1024 ** 4, '1.3 TiB'],
    [5000 * 1024 ** 4, '5000 TiB'],
  ])('of %d bytes is said as %s', (bytes, said) => {
    expect(byteSize(bytes)).toBe(said.replace(' ', '\u00A0'));
  });
});
