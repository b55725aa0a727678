import { describe, expect, it } from 'vitest';
import { readLines } from './lines.ts';

async function* bytes(...chunks: string[]) {
  for (const chunk of chunks) yield new TextEncoder().encode(chunk);
}

async function all(lines: AsyncIterable<string>) {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

const collect = async (source: AsyncIterable<Uint8Array>, max = 100) => all(readLines(source, max));

describe('readLines', () => {
  it('joins what arrives in pieces and keeps empty lines', async () => {
    expect(await collect(bytes('a', 'b\n\nc', 'd\r\ne'))).toEqual(['ab', '', 'cd', 'e']);
  });

  it('puts a character together that two chunks share', async () => {
    const [start, end] = [new Uint8Array([0xc3]), new Uint8Array([0xa9, 0x0a])];
    const halves = async function* () {
      yield start;
      yield end;
    };
    expect(await collect(halves())).toEqual(['é']);
  });

  it('gives nothing for nothing, and no line after the last end', async () => {
    expect(await collect(bytes())).toEqual([]);
    expect(await collect(bytes('a\n'))).toEqual(['a']);
  });

  it('refuses a line over the limit without waiting for its end', async () => {
    const endless = async function* () {
      for (;;) yield* bytes('xxxxxxxxxx');
    };
    await expect(collect(endless())).rejects.toThrow(RangeError);
    await expect(collect(bytes('ok\n', 'x'.repeat(101), '\n'))).rejects.toThrow('longer than 100');
  });
});
