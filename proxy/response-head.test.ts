import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadReader } from './head-reader.ts';
import { LIMITS } from './limits.ts';
import { Malformed, type ResponseHead } from './response-head.ts';

const LIMITED = { ...LIMITS, responseHeadBytes: 512, responseFields: 8 };

/** Feeds `text` in pieces of the given sizes, over and over; the last piece is whatever is left. */
function read(bytes: Buffer, sizes: readonly number[], limits = LIMITED) {
  const reader = new HeadReader(limits);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] ?? 1);
    const result = reader.push(bytes.subarray(at, at + size));
    at += size;
    if (result instanceof Malformed) return 'malformed';
    if (result !== undefined) {
      return { head: result.head, rest: Buffer.concat([result.rest, bytes.subarray(at)]).toString('latin1') };
    }
  }
  return 'incomplete';
}

function head(text: string, limits = LIMITED): ResponseHead {
  const result = read(Buffer.from(text, 'latin1'), [], limits);
  if (typeof result === 'string') throw new Error(result);
  return result.head;
}

const outcome = (text: string) => {
  const result = read(Buffer.from(text, 'latin1'), []);
  return typeof result === 'string' ? result : 'head';
};

describe('a response head', () => {
  it('is taken apart, its framing decided', () => {
    const text = 'HTTP/1.1 200 Fine\r\nA: 1\r\nContent-Length:  5 \r\nConnection: Close, X-Y\r\nB:\r\n\r\n';
    expect(head(text)).toEqual({
      status: 200,
      reason: 'Fine',
      keepAlive: false,
      fields: ['A', '1', 'Content-Length', '5', 'B', ''],
      contentLength: 5,
      chunked: false,
      connection: ['close', 'x-y'],
    });
  });

  it.each([
    ['no reason', 'HTTP/1.1 200\r\n\r\n'],
    ['an empty reason', 'HTTP/1.1 200 \r\n\r\n'],
    ['bytes above ASCII', 'HTTP/1.1 200 \xe9t\xe9\r\nX: \xff\r\n\r\n'],
    ['the highest status', 'HTTP/1.1 999 x\r\n\r\n'],
    ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n'],
  ])('may have %s', (_what, text) => {
    expect(outcome(text)).toBe('head');
  });

  it.each([
    ['status 000', 'HTTP/1.1 000 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 99 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['another protocol', 'ICY 200 OK\r\n\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n'],
    ['bare LFs only', 'HTTP/1.1 200 OK\nA: b\n\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['an empty name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n'],
    ['no colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n'],
    ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n'],
    ['a length beyond counting', `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(16)}\r\n\r\n`],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    [
      'the coding twice',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['too many fields', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(9)}\r\n`],
    ['too many bytes', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(600)}\r\n\r\n`],
    ['too many bytes and no end', 'HTTP/1.1 200 OK\r\nA: '.padEnd(600, 'b')],
  ])('is refused for %s', (_what, text) => {
    expect(outcome(text)).toBe('malformed');
  });

  it('is recognised as hopeless before it is complete', () => {
    expect(outcome('SSH-2.0-OpenSSH_9.2p1\r\n')).toBe('malformed');
    expect(outcome('HTTP/1.1 200 OK\nContent-')).toBe('malformed');
  });

  it('may be exactly as long as the limit', () => {
    const start = 'HTTP/1.1 200 OK\r\nA: ';
    const text = `${start.padEnd(512 - 4, 'b')}\r\n\r\n`;
    expect(outcome(text)).toBe('head');
    expect(outcome(text.replace('A:', 'AA:'))).toBe('malformed');
  });
});

describe('reading heads in pieces', () => {
  const token = fc.stringMatching(/^[A-Za-z-]{1,8}$/);
  const value = fc.stringMatching(/^[ -~]{0,12}$/);
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(token, value).map(([name, text]) => `${name}: ${text}\r\n`) },
    fc.constantFrom('Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close, a\r\n'),
    fc.constantFrom('\r', '\n', '\r\n', ' a\r\n', 'a:\0\r\n', ':\r\n'),
  );
  const status = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.0 404 \r\n',
    'HTTP/1.1 99 x\r\n',
    'HTTP/1.1 200 OK\n',
  );
  const plausible = fc
    .tuple(status, fc.array(line, { maxLength: 10 }), fc.constantFrom('\r\n', '', '\r\nrest', '\n'))
    .map(([first, lines, end]) => Buffer.from(first + lines.join('') + end, 'latin1'));
  const bytes = fc.oneof(
    plausible,
    fc.uint8Array({ maxLength: 700 }).map((any) => Buffer.from(any)),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

  it('gives the same result for any bytes however they are cut, and never throws', () => {
    fc.assert(
      fc.property(bytes, sizes, (all, pieces) => {
        const whole = read(all, []);
        expect(read(all, pieces)).toEqual(whole);
        expect(read(all, [1])).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it('hands on nothing that HTTP does not allow', () => {
    fc.assert(
      fc.property(bytes, (all) => {
        const result = read(all, []);
        if (typeof result === 'string') return;
        for (const text of result.head.fields) expect(text).not.toMatch(/[^\t\x20-\x7e\x80-\xff]/);
        expect(result.head.status).toBeGreaterThanOrEqual(100);
      }),
      { numRuns: 2000 },
    );
  });
});
