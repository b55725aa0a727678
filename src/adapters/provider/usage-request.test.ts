import { describe, expect, it } from 'vitest';
import { ADDED_BYTES, UsageRequest } from './usage-request.ts';

function rewrite(body: string, pieceLength = body.length): string {
  const asking = new UsageRequest();
  const bytes = Buffer.from(body);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    parts.push(...asking.push(bytes.subarray(at, at + pieceLength)));
  }
  return Buffer.concat([...parts, asking.end()]).toString();
}

const WITH_USAGE = { stream_options: { include_usage: true } };

describe('asking a chat completion for its usage', () => {
  it.each([
    '{"model":"m","stream":true}',
    '{"stream":true,"messages":[{"role":"user","content":"{\\"stream_options\\":1}"}]}\n',
    ' { "stream" : true , "tools" : [ { "stream_options" : {} } ] } ',
    '{"a":"\\\\","stream":true}',
    '{"stream":false,"stream":true,"x":[1,2,[3,{"y":"}"}]]}',
  ])('is done for %s', (body) => {
    for (const length of [1, 7, body.length]) {
      expect(JSON.parse(rewrite(body, length))).toEqual({ ...JSON.parse(body), ...WITH_USAGE });
    }
  });

  it.each([
    '{"model":"m"}',
    '{}',
    '{"stream":false}',
    '{"stream":"true"}',
    '{"nested":{"stream":true}}',
    '{"text":"stream\\":true"}',
    '{"stream":true,"stream_options":{"include_usage":false}}',
    '{"stream_options":{"include_usage":true},"stream":true}',
    '[{"stream":true}]',
    '["stream",true]',
  ])('is not done for %s', (body) => {
    expect(JSON.parse(rewrite(body, 1))).toEqual(JSON.parse(body));
  });

  it.each(['', 'no JSON', '{"stream":true', '}}}{', '{"stream":true}{"stream":true}', '{"a":"\\', '\u0000'])(
    'adds the same number of bytes to anything, so that its length can be told beforehand: %j',
    (body) => {
      expect(Buffer.byteLength(rewrite(body))).toBe(Buffer.byteLength(body) + ADDED_BYTES);
      expect(Buffer.byteLength(rewrite(body, 1))).toBe(Buffer.byteLength(body) + ADDED_BYTES);
    },
  );

  it('a sandbox sends megabytes of open brackets: they pass without being parsed or held', () => {
    const asking = new UsageRequest();
    const brackets = Buffer.alloc(1024 * 1024, '[');
    for (let sent = 0; sent < 4; sent += 1) expect(asking.push(brackets)).toEqual([brackets]);
  });
});
