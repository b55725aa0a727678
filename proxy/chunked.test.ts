import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkedDecoder } from './chunked.ts';
import { Malformed } from './response-head.ts';

/** Decodes `bytes` in pieces of the given sizes, over and over. */
function decode(bytes: Buffer, sizes: readonly number[] = []) {
  const decoder = new ChunkedDecoder();
  const data: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] ?? 1);
    const piece = bytes.subarray(at, at + size);
    const end = decoder.push(piece, (part) => data.push(part));
    if (end instanceof Malformed) return 'malformed';
    if (end !== undefined) {
      return { data: Buffer.concat(data).toString('latin1'), rest: bytes.length - at - end };
    }
    at += piece.length;
  }
  return { partial: Buffer.concat(data).toString('latin1') };
}

const decodeText = (text: string) => decode(Buffer.from(text, 'latin1'));

describe('the chunked coding', () => {
  it.each([
    ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['several chunks', '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', 'abc'],
    [
      'hexadecimal in either case',
      `A\r\n${'x'.repeat(10)}\r\na\r\n${'y'.repeat(10)}\r\n0\r\n\r\n`,
      'x'.repeat(10) + 'y'.repeat(10),
    ],
    ['leading zeros', '0001\r\na\r\n000\r\n\r\n', 'a'],
    ['extensions', '1;a=b;c="d"\r\na\r\n0;e\r\n\r\n', 'a'],
    ['trailers', '1\r\na\r\n0\r\nX: y\r\nZ: w\r\n\r\n', 'a'],
    ['nothing', '0\r\n\r\n', ''],
  ])('is undone for %s', (_what, text, data) => {
    expect(decodeText(text)).toEqual({ data, rest: 0 });
  });

  it('ends where the body ends', () => {
    expect(decodeText('0\r\n\r\nHTTP/1.1 200')).toEqual({ data: '', rest: 12 });
  });

  it.each([
    ['no size', '\r\n'],
    ['a size of nothing but an extension', ';a\r\n'],
    ['a negative size', '-1\r\n'],
    ['a prefix', '0x1\r\na\r\n'],
    ['a space behind the size', '1 \r\na\r\n'],
    ['a size too long', '000000001\r\na\r\n'],
    ['a bare LF after a size', '1\na\r\n'],
    ['a bare LF in an extension', '1;a\nb\r\na\r\n'],
    ['a bare CR after a size', '1\ra\r\n'],
    ['a chunk longer than its size', '1\r\nab\r\n'],
    ['a chunk without its end', '1\r\na0\r\n\r\n'],
    ['a bare LF in a trailer', '0\r\nX: y\n\r\n'],
    ['a bare CR in a trailer', '0\r\nX: \ry\r\n\r\n'],
    ['an endless extension', `1;${'a'.repeat(9000)}`],
    ['endless trailers', `0\r\n${'X: y\r\n'.repeat(3000)}`],
  ])('is refused with %s', (_what, text) => {
    expect(decodeText(text)).toBe('malformed');
  });

  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
  const encoded = fc
    .array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 6 })
    .map(
      (chunks) =>
        chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('') + '0\r\n\r\n',
    );
  const mangled = fc
    .tuple(encoded, fc.nat(), fc.constantFrom('', '\r', '\n', ';', '0', 'f', ' ', '\0'))
    .map(
      ([text, at, insert]) => text.slice(0, at % text.length) + insert + text.slice((at % text.length) + 1),
    );

  it('gives the same result for any bytes however they are cut, and never throws', () => {
    const bytes = fc.oneof(
      mangled.map((text) => Buffer.from(text, 'latin1')),
      fc.uint8Array({ maxLength: 200 }).map((any) => Buffer.from(any)),
    );
    fc.assert(
      fc.property(bytes, sizes, (all, pieces) => {
        const whole = decode(all);
        expect(decode(all, pieces)).toEqual(whole);
        expect(decode(all, [1])).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), sizes, (chunks, pieces) => {
        const parts = chunks.flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']);
        const bytes = Buffer.concat([...parts, '0\r\n\r\n'].map((part) => Buffer.from(part as string)));
        const data = Buffer.concat(chunks).toString('latin1');
        expect(decode(bytes, pieces)).toEqual({ data, rest: 0 });
      }),
    );
  });
});
