import { appendFile, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaskEvent, TaskHappening, TaskOutcome } from '../../src/domain/task.ts';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { collecting } from '../testing/sandbox.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { until } from '../testing/until.ts';
import { EventLog } from './event-log.ts';
import { readEvents } from './event-reader.ts';

const STATUS: TaskHappening = { type: 'status', data: { phase: 'agent', message: 'at work' } };
const DONE: TaskHappening = { type: 'done', data: { status: 'succeeded' } as TaskOutcome };
const message = (text: string): TaskHappening => ({ type: 'message', data: { id: 'm', text } });
const parse = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TaskEvent);

async function prepare(limit?: number, content = '') {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'events.jsonl');
  await writeFile(path, content);
  const context = { clock: () => 1, logger: collecting([]), masks: NOTHING_SECRET };
  const log = await EventLog.continue(await open(path, 'a+'), context, limit);
  return {
    path,
    log,
    content: () => readFile(path, 'utf8'),
    async read(since = 0, live: EventLog | undefined = log, signal = new AbortController().signal) {
      let text = '';
      for await (const lines of readEvents(await open(path), since, live, signal)) text += lines;
      return parse(text);
    },
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('the events of a task', () => {
  test('are numbered without gaps in the order they happened, and end with the first end', async () => {
    await using it = await prepare();
    await Promise.all(
      [STATUS, message('a'), message('b'), DONE, DONE, STATUS].map((event) => it.log.append(event)),
    );
    const events = await it.read();
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'status'],
      [2, 'message'],
      [3, 'message'],
      [4, 'done'],
    ]);
    expect(parse(await it.content())).toEqual(events);
  });

  test.each([
    ['a line that was cut off', '{"seq":1,"at":1,"type":"status","data":{}}\n{"seq":2,"at', 2],
    [
      'a line that was cut off in the middle of a character',
      '{"seq":1,"at":1,"type":"status"}\n{"x":"\ud83d',
      2,
    ],
    ['nothing but half a line', '{"seq":1', 1],
    ['lines that are nobody’s', 'x\n\n[]\nnull\n{"seq":"7"}\n{"seq":5,"at":1,"type":"status"}\n', 6],
  ])('go on behind %s', async (_what, content, next) => {
    await using it = await prepare(undefined, content);
    await it.log.append(DONE);
    expect((await it.read()).at(-1)).toMatchObject({ seq: next, type: 'done' });
    expect((await it.content()).split('\n').at(-1)).toBe('');
  });

  test('are limited, but for what a task needs to end', async () => {
    await using it = await prepare(2000);
    for (let count = 0; count < 100; count += 1) await it.log.append(message('x'.repeat(100)));
    await it.log.append(STATUS);
    await it.log.append(DONE);
    const events = await it.read();
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.length).toBeLessThan(20);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['status', 'done']);
  });

  test('reach whoever waits for them, from where it left', async () => {
    await using it = await prepare();
    await it.log.append(STATUS);
    const reading = it.read(1);
    await it.log.append(message('a'));
    await it.log.append(DONE);
    expect((await reading).map(({ seq }) => seq)).toEqual([2, 3]);
    expect((await it.read(2, undefined)).map(({ seq }) => seq)).toEqual([3]);
  });

  test('are not waited for by somebody who has left', async () => {
    await using it = await prepare();
    const left = new AbortController();
    const reading = it.read(0, it.log, left.signal);
    left.abort();
    expect(await reading).toEqual([]);
  });

  test('go on when the file is cut short or filled by somebody else', async () => {
    await using it = await prepare();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const text of readEvents(await open(it.path), 0, it.log, new AbortController().signal))
        seen.push(text);
    })();
    await it.log.append(message('a'));
    await until(() => seen.length === 1);
    await writeFile(it.path, '');
    await appendFile(it.path, `${'\0'.repeat(9 * 1024 * 1024)}\n`);
    await it.log.append(DONE);
    await reading;
    expect(parse(seen.join('')).map(({ type }) => type)).toEqual(['message', 'done']);
  });
});
