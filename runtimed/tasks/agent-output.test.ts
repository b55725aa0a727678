import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AgentHappening } from '../agents/driver.ts';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { collecting } from '../testing/sandbox.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { bounded, shortened, tailOf } from './bounded.ts';
import { LineFeed } from './line-feed.ts';
import { MessagePacer } from './message-pacer.ts';
import { OutputTail } from './output-tail.ts';
import { Transcript } from './transcript.ts';

const message = (id: string, text: string): AgentHappening => ({ type: 'message', data: { id, text } });
const tool: Extract<AgentHappening, { type: 'tool' }> = {
  type: 'tool',
  data: { id: 't', name: 'bash', kind: 'execute', title: 'ls', status: 'running' },
};

describe('pieces of messages', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const told: AgentHappening[] = [];
  const pacing = () => {
    told.length = 0;
    return new MessagePacer((happening) => told.push(happening), 250);
  };

  test('that come quickly are joined, the first one is told at once', () => {
    using pacer = pacing();
    for (const text of ['a', 'b', 'c']) pacer.take(message('m', text));
    expect(told).toEqual([message('m', 'a')]);
    vi.advanceTimersByTime(250);
    expect(told).toEqual([message('m', 'a'), message('m', 'bc')]);
  });

  test('are at most four a second, and lose nothing', () => {
    {
      using pacer = pacing();
      for (let count = 0; count < 100; count += 1) {
        pacer.take(message('m', `${count} `));
        vi.advanceTimersByTime(20);
      }
    }
    expect(told.length).toBeLessThanOrEqual(10);
    const text = told.map(({ data }) => ('text' in data ? data.text : '')).join('');
    expect(text).toBe(Array.from({ length: 100 }, (_, count) => `${count} `).join(''));
  });

  test('come before the tool that comes after them, and are not joined with another message', () => {
    using pacer = pacing();
    for (const happening of [
      message('m', 'a'),
      message('m', 'b'),
      tool,
      message('n', 'c'),
      message('o', 'd'),
    ]) {
      pacer.take(happening);
    }
    vi.advanceTimersByTime(250);
    expect(told).toEqual([message('m', 'a'), message('m', 'b'), tool, message('n', 'c'), message('o', 'd')]);
  });

  test('that are held are told in the end', () => {
    const pacer = pacing();
    for (const text of ['a', 'b']) pacer.take(message('m', text));
    pacer[Symbol.dispose]();
    expect(told).toEqual([message('m', 'a'), message('m', 'b')]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what an agent tells', () => {
  test('is cut where it belongs to a tool, and divided where it is a message', () => {
    const text = `${'x'.repeat(65_535)}😀${'y'.repeat(70_000)}`;
    const pieces = bounded(message('m', text)).map(({ data }) => ('text' in data ? data.text : ''));
    expect(pieces.join('')).toBe(text);
    expect(pieces.every((piece) => piece.isWellFormed() && piece.length <= 65_536)).toBe(true);
    const [cut] = bounded({
      type: 'tool',
      data: { ...tool.data, kind: 'read', output: 'o'.repeat(9000) },
    });
    expect(cut).toMatchObject({ data: { output: expect.stringMatching(/^o{3999}…$/) as unknown } });
  });

  test('is kept from its end where it is what a command has put out', () => {
    const output = `first ${'.'.repeat(9000)} last`;
    const command = { ...tool.data, kind: 'execute', title: output, output } as const;
    const [cut] = bounded({ type: 'tool', data: command });
    expect(cut?.data).toMatchObject({
      title: expect.stringMatching(/^first \.{293}…$/) as unknown,
      output: expect.stringMatching(/^…\.{3994} last$/) as unknown,
    });
  });

  test('is well-formed when it is cut', () => {
    expect(shortened('ab😀', 3)).toBe('ab…');
    expect(shortened('abc', 3)).toBe('abc');
    expect(tailOf('😀ab', 3)).toBe('…ab');
    expect(tailOf('abc', 3)).toBe('abc');
  });
});

const linesOf = async (feed: LineFeed) => {
  const found: string[] = [];
  for await (const line of feed.lines()) found.push(line);
  return found;
};

describe('lines of an agent', () => {
  const live = new AbortController().signal;
  test('come whole however they were written, the last one also without its end', async () => {
    const feed = new LineFeed(live);
    for (const piece of ['a', 'b\nc\r\n\n', 'ü', 'x']) await feed.push(Buffer.from(piece));
    feed.close();
    expect(await linesOf(feed)).toEqual(['ab', 'c', '', 'üx']);
  });

  test('that are too long are left out, and only they', async () => {
    const feed = new LineFeed(live);
    const reading = linesOf(feed);
    await feed.push(Buffer.from('a\n'));
    for (let count = 0; count < 9; count += 1) await feed.push(Buffer.alloc(1024 * 1024, 'x'));
    await feed.push(Buffer.from('\nb\n'));
    feed.close();
    expect(await reading).toEqual(['a', 'b']);
  });

  test('hold up whoever writes faster than they are read, until nobody reads any more', async () => {
    const over = new AbortController();
    const feed = new LineFeed(over.signal);
    let isPushed = false;
    const pushing = feed.push(Buffer.from('x\n'.repeat(100_000))).finally(() => {
      isPushed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isPushed).toBe(false);
    over.abort();
    await pushing;
    expect(await linesOf(feed)).toEqual([]);
  });
});

test('a transcript is cut where it is too long, and says so', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'agent.log');
  const context = { logger: collecting([]), masks: NOTHING_SECRET };
  {
    await using transcript = new Transcript(await open(path, 'a'), context, 200);
    for (let count = 0; count < 50; count += 1) void transcript.write(Buffer.from(`line ${count}\n`));
  }
  const text = await readFile(path, 'utf8');
  expect(text.length).toBe(200);
  expect(text).toMatch(
    /^line 0\nline 1\n[^]*\n\[sandboxd\] more than 200 bytes were written; the rest is left out\n$/,
  );
});

test('the last of an output is told without colours, and little of it is held', () => {
  const tail = new OutputTail(NOTHING_SECRET);
  for (let count = 0; count < 1000; count += 1) tail.push(Buffer.alloc(1000, 'x'));
  tail.push(Buffer.from('\r\n\u001b[31mred\u001b[0m\n'));
  expect(tail.text(8)).toBe('…xxx\nred');
});
