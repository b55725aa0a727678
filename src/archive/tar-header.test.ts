import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, type NewHeader, TYPE, encodeHeader } from './tar-header.ts';

/** How the system's tar reads it, whatever it says of the content that is missing. */
function read(header: Partial<NewHeader>): string {
  const block = Buffer.alloc(BLOCK_BYTES);
  encodeHeader(block, { name: 'name', type: TYPE.file, mode: 0o640, size: 0, mtime: 1.5e9, ...header });
  const args = ['--numeric-owner', '--utc', '-tvf', '-'];
  return spawnSync('tar', args, { input: block, encoding: 'latin1' }).stdout.trimEnd().replace(/ +/g, ' ');
}

describe('the header of an entry', () => {
  it.each<[string, Partial<NewHeader>, string]>([
    ['a file', {}, '-rw-r----- 1000/1000 0 2017-07-14 02:40 name'],
    ['a directory', { type: TYPE.directory, name: 'd/' }, 'drw-r----- 1000/1000 0 2017-07-14 02:40 d/'],
    ['a link', { type: TYPE.symlink, linkName: '/x' }, 'lrw-r----- 1000/1000 0 2017-07-14 02:40 name -> /x'],
    ['more than octal holds', { size: 2 ** 40 }, '-rw-r----- 1000/1000 1099511627776 2017-07-14 02:40 name'],
    [
      'the most that octal holds',
      { size: 8 ** 11 - 1 },
      '-rw-r----- 1000/1000 8589934591 2017-07-14 02:40 name',
    ],
    ['a time before all times', { mtime: -5 }, '-rw-r----- 1000/1000 0 1970-01-01 00:00 name'],
    ['a time after all times', { mtime: 2 ** 50 }, '-rw-r----- 1000/1000 0 2242-03-16 12:56 name'],
    [
      'names that fill their field',
      { name: 'n'.repeat(100) },
      `-rw-r----- 1000/1000 0 2017-07-14 02:40 ${'n'.repeat(100)}`,
    ],
    ['POSIX', { isPosix: true }, '-rw-r----- 1000/1000 0 2017-07-14 02:40 name'],
  ])('of %s is understood', (_what, header, expected) => {
    expect(read(header)).toBe(expected);
  });
});
