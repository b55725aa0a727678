import { describe, expect, it } from 'vitest';
import { aptConfiguration, archiveOf, mirrorOf, packageSources } from './apt.ts';

describe('the package sources of a root file system made from packages', () => {
  it.each(['http://mirror.example/debian', 'http://mirror.example/debian/'])(
    'are those of %s, with updates',
    (mirror) => {
      expect(packageSources(mirrorOf(`deb ${mirror} bookworm main\n`))).toBe(
        [
          'deb http://mirror.example/debian bookworm main',
          'deb http://mirror.example/debian bookworm-updates main',
          'deb http://mirror.example/debian-security bookworm-security main',
          '',
        ].join('\n'),
      );
    },
  );

  it("are debootstrap's own where a mirror was only nearer", () => {
    const script =
      '#!/bin/sh\nDEF_MIRROR="http://archive.example/debian"\nDEF_HTTPS_MIRROR="https://x.example"\n';
    expect(archiveOf(script)).toBe('http://archive.example/debian');
  });

  it('are not guessed', () => {
    expect(() => mirrorOf('')).toThrow('no mirror');
    expect(() => archiveOf('#!/bin/sh\n')).toThrow('no archive');
  });
});

it('apt is told of certificates where a mirror needs them', () => {
  expect(aptConfiguration('/run/apt', false)).toBe(
    'Dir::Etc::SourceList "/run/apt/sources.list";\nDir::Etc::SourceParts "-";\n',
  );
  expect(aptConfiguration('/run/apt', true)).toContain('Acquire::https::CaInfo "/run/apt/ca.crt";\n');
});
