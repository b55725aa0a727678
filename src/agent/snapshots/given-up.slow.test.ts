import { expect, it } from 'vitest';
import { bytesUnlessGivenUp } from './given-up.ts';

const read = async (bytes: AsyncIterable<Uint8Array>): Promise<number> => {
  let length = 0;
  for await (const chunk of bytes) length += chunk.byteLength;
  return length;
};

it('Bytes of a store that stops in the midst of them end with the reason they are given up for', async () => {
  const leaving = new AbortController();
  const silent = (async function* () {
    yield new Uint8Array(1);
    leaving.abort(new Error('leaving'));
    await new Promise(() => undefined);
  })();
  await expect(read(bytesUnlessGivenUp(silent, leaving.signal))).rejects.toThrow('leaving');
});

it('Bytes that are left early are let go of', async () => {
  let isHeld = true;
  const source = (async function* () {
    try {
      for (;;) yield new Uint8Array(1);
    } finally {
      isHeld = false;
    }
  })();
  for await (const _ of bytesUnlessGivenUp(source, new AbortController().signal)) break;
  expect(isHeld).toBe(false);
});
