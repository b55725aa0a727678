import { describe, expect, it } from 'vitest';
import { satisfies } from './version-range.ts';

describe('whether an installed version is one that is asked for', () => {
  it.each([
    ['1.2.3', '1.2.3'],
    ['1.2.3', '=1.2.3'],
    ['1.2.3', 'v1.2.3'],
    ['1.2.3', '^1.2.3'],
    ['1.9.0', '^1.2.3'],
    ['0.2.9', '^0.2.3'],
    ['0.0.3', '^0.0.3'],
    ['1.2.9', '~1.2.3'],
    ['1.2.9', '~1.2'],
    ['1.9.9', '~1'],
    ['1.2.3', '*'],
    ['1.2.3', ''],
    ['1.2.3', 'x'],
    ['1.2.3', '1'],
    ['1.2.3', '1.x'],
    ['1.2.3', '1.2.*'],
    ['1.2.3', '>=1.0.0 <2.0.0'],
    ['1.2.3', '>= 1.0.0 < 2'],
    ['1.2.3', '1.0.0 - 1.5'],
    ['1.5.9', '1.0.0 - 1.5'],
    ['3.1.0', '^1.0.0 || ^3.0.0'],
    ['2.0.0', '>1'],
    ['1.9.9', '<=1'],
    ['1.0.0-rc.2', '^1.0.0-rc.1'],
    ['1.0.0', '^1.0.0-rc.1'],
    ['1.2.3+build', '1.2.3'],
  ])('%s satisfies %j', (version, range) => {
    expect(satisfies(version, range)).toBe(true);
  });

  it.each([
    ['1.2.4', '1.2.3'],
    ['2.0.0', '^1.2.3'],
    ['1.2.2', '^1.2.3'],
    ['0.3.0', '^0.2.3'],
    ['0.0.4', '^0.0.3'],
    ['1.3.0', '~1.2.3'],
    ['2.0.0', '1.x'],
    ['2.0.0-rc.1', '^1.0.0'],
    ['1.0.0-rc.1', '^1.0.0'],
    ['1.9.9', '>1'],
    ['2.0.0', '<=1'],
    ['1.6.0', '1.0.0 - 1.5'],
    ['2.0.0', '^1.0.0 || ^3.0.0'],
    ['1.0.0-alpha.2', '>=1.0.0-alpha.10'],
  ])('%s does not satisfy %j', (version, range) => {
    expect(satisfies(version, range)).toBe(false);
  });

  it.each(['latest', 'workspace:*', 'npm:other@^1', 'github:a/b', 'file:../a', 'link:.', 'x'.repeat(300)])(
    'cannot say for %j',
    (range) => {
      expect(satisfies('1.2.3', range)).toBeUndefined();
    },
  );

  it('cannot say for something installed that has no version', () => {
    expect(satisfies('', '^1.0.0')).toBeUndefined();
  });
});
