import { describe, expect, it } from 'vitest';
import { sources } from './bootstrap.ts';

describe('the package sources of a root file system made from packages', () => {
  it.each(['http://mirror.example/debian', 'http://mirror.example/debian/'])(
    'add the updates of %s',
    (mirror) => {
      expect(sources(`deb ${mirror} bookworm main\n`)).toBe(
        [
          'deb http://mirror.example/debian bookworm main',
          'deb http://mirror.example/debian bookworm-updates main',
          'deb http://mirror.example/debian-security bookworm-security main',
          '',
        ].join('\n'),
      );
    },
  );

  it('are not guessed', () => {
    expect(() => sources('')).toThrow('no mirror');
  });
});
