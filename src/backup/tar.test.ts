import { expect, it } from 'vitest';
import { BLOCK_BYTES, paddingOf } from '../archive/tar-header.ts';
import { decodeEntry, encodeEntry, END } from './tar.ts';
import { MemberWatch } from './member-watch.ts';

it.each([0, 1, 512, 8 ** 11 - 1, 8 ** 11, 5 * 2 ** 40])('reads a size of %i back', (size) => {
  expect(decodeEntry(encodeEntry({ name: 'backup.json', size }, 0))).toEqual({ name: 'backup.json', size });
});

it('takes zeros for the end', () => {
  expect(decodeEntry(END.subarray(0, BLOCK_BYTES))).toBeUndefined();
});

it.each([
  { what: 'a link', at: 156, bytes: '1' },
  { what: 'a symlink', at: 156, bytes: '2' },
  { what: 'an extension', at: 156, bytes: 'x' },
  { what: 'a name in two parts', at: 345, bytes: '..' },
  { what: 'another format', at: 257, bytes: 'ustar  \0' },
])('refuses $what', ({ at, bytes }) => {
  const block = encodeEntry({ name: 'backup.json', size: 1 }, 0);
  block.write(bytes, at, 'latin1');
  expect(() => decodeEntry(resummed(block))).toThrow('is no plain file');
});

it('refuses a header whose checksum is another one', () => {
  const block = encodeEntry({ name: 'backup.json', size: 1 }, 0);
  block.write('z', 0);
  expect(() => decodeEntry(block)).toThrow('damaged');
});

it('hears the names of members however the bytes are cut', () => {
  const bytes = Buffer.concat([
    ...member('a', 'x'.repeat(700)),
    ...member('b', ''),
    ...member('c', 'y'),
    END,
  ]);
  for (const size of [1, 7, 512, 513, bytes.length]) {
    const names: string[] = [];
    const watch = new MemberWatch((name) => names.push(name));
    for (let at = 0; at < bytes.length; at += size) watch.hear(bytes.subarray(at, at + size));
    expect(names).toEqual(['a', 'b', 'c']);
  }
});

const member = (name: string, content: string): Buffer[] => [
  encodeEntry({ name, size: content.length }, 0),
  Buffer.from(content),
  Buffer.alloc(paddingOf(content.length)),
];

/** With the checksum of what it holds now. */
function resummed(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
