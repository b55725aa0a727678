import { describe, expect, it } from 'vitest';
import { keyMask } from './key-mask.ts';
import { KEY } from './testing/world.ts';

function passed(key: string | undefined, body: string, pieceLength: number): string {
  const masked = keyMask(key).stream();
  const bytes = Buffer.from(body);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    parts.push(masked.push(bytes.subarray(at, at + pieceLength)));
  }
  return Buffer.concat([...parts, masked.end()]).toString();
}

describe('the mask over a key', () => {
  it('an error message repeats the key it was asked with: it is taken out wherever the pieces are cut', () => {
    const body = `no "${KEY}", Bearer ${KEY}${KEY} and ${KEY.slice(0, 9)}`;
    for (let length = 1; length <= body.length; length += 1) {
      expect(passed(KEY, body, length)).toBe(`no "••••", Bearer •••••••• and ${KEY.slice(0, 9)}`);
    }
  });

  it('holds nothing back that is not the beginning of the key', () => {
    const masked = keyMask(KEY).stream();
    expect(Buffer.from(masked.push(Buffer.from('data: {"t":1}\n\n'))).toString()).toBe('data: {"t":1}\n\n');
    expect(Buffer.from(masked.push(Buffer.from(`x${KEY.slice(0, 4)}`))).toString()).toBe('x');
    expect(Buffer.from(masked.push(Buffer.from('!'))).toString()).toBe(`${KEY.slice(0, 4)}!`);
    expect(masked.end()).toHaveLength(0);
  });

  it('finds a key that begins within a false beginning', () => {
    expect(passed('aaaaaaab', 'aaaaaaaaaab', 3)).toBe('aaa••••');
  });

  it.each([undefined, '', 'none', 'EMPTY'])(
    'leaves texts alone when the key is %j, which is no secret',
    (key) => {
      expect(passed(key, 'none is EMPTY', 2)).toBe('none is EMPTY');
      expect(keyMask(key).text('none is EMPTY')).toBe('none is EMPTY');
    },
  );
});
