import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { FOR_EVER } from '../changes.ts';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { PATIENT } from '../testing/patience.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { LogFile } from './log-file.ts';
import { followLog, tailLog } from './log-reader.ts';

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);
const text = (from: number, to: number) => `${lines(from, to).join('\n')}\n`;

async function logWith(current?: string, before?: string) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'web.log');
  if (current !== undefined) await writeFile(path, current);
  if (before !== undefined) await writeFile(`${path}.1`, before);
  return { path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

describe('the tail of a log', () => {
  it.each([
    ['has the last lines', text(1, 9), undefined, 3, lines(7, 9)],
    ['has all lines when there are fewer', text(1, 2), undefined, 5, lines(1, 2)],
    ['has a last line that is not ended yet', 'a\nb', undefined, 5, ['a', 'b']],
    ['goes back across the rotation', text(4, 5), text(1, 3), 4, lines(2, 5)],
    ['joins a line that the rotation has parted', 'half\nc\n', 'a\nfirst ', 9, ['a', 'first half', 'c']],
    ['is there when only the predecessor is', undefined, text(1, 2), 1, ['line 2']],
    ['drops carriage returns at line ends', 'a\r\nb\r\n', undefined, 9, ['a', 'b']],
    ['is empty for an empty log', '', undefined, 9, []],
    ['is empty when nothing is asked for', text(1, 2), undefined, 0, []],
    ['does not exist without a log', undefined, undefined, 9, undefined],
  ])('%s', async (_, current, before, count, expected) => {
    await using it = await logWith(current, before);
    expect(await tailLog(it.path, count, 1000)).toEqual(expected);
  });

  it('reads a bounded part of the end, and begins with a whole line', async () => {
    await using it = await logWith(text(1, 1000), text(1, 1000));
    const found = (await tailLog(it.path, 1000, 100)) ?? [];
    expect(found.at(-1)).toBe('line 1000');
    expect(found.join('\n').length).toBeLessThan(100);
    for (const line of found) expect(line).toMatch(/^line \d+$/);
  });

  it('reads nothing but plain files', async () => {
    await using it = await logWith();
    await symlink('/etc/passwd', it.path);
    await expect(tailLog(it.path, 9, 1000)).rejects.toMatchObject({ code: 'ELOOP' });
    await using other = await logWith();
    await mkdir(other.path);
    await expect(tailLog(other.path, 9, 1000)).rejects.toMatchObject({ code: 'ENOTREG' });
  });
});

/** Follows a log into a text, until disposed of. It has read what was there, and waits: what is written now is new to it. */
async function following(log: LogFile, count: number) {
  const leaving = new AbortController();
  const { changes } = log;
  const waiting = vi.spyOn(changes, 'after');
  let text = '';
  const done = (async () => {
    for await (const more of followLog(log.path, count, changes, leaving.signal)) text += more;
  })();
  await expect.poll(() => waiting, PATIENT).toHaveBeenCalled();
  return {
    get text() {
      return text;
    },
    done,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await done;
    },
  };
}

describe('following a log', () => {
  it.each([
    ['as many as are asked for', text(1, 9), undefined, 2, text(8, 9)],
    ['all there are', text(1, 2), undefined, 9, text(1, 2)],
    ['none', text(1, 2), undefined, 0, ''],
    ['empty ones', '\n\na\n\n', undefined, 9, '\n\na\n\n'],
    ['those before the rotation, too', text(4, 5), text(1, 3), 4, text(2, 5)],
    ['one that the rotation has parted', 'half\nc\n', 'a\nfirst ', 3, 'first half\nc\n'],
    [
      'many that are long',
      `${'x'.repeat(999)}\n`.repeat(200),
      undefined,
      150,
      `${'x'.repeat(999)}\n`.repeat(150),
    ],
  ])('begins with %s of the last lines', async (_, current, before, count, expected) => {
    await using it = await logWith(current, before);
    await using log = new LogFile(it.path, NOTHING_SECRET);
    await using follower = await following(log, count);
    await log.write(Buffer.from('new\n'));
    await expect.poll(() => follower.text, PATIENT).toMatch(/new\n$/);
    expect(follower.text).toBe(`${expected}new\n`);
  });

  it('begins with the last lines and goes on with every new one, whole', async () => {
    await using it = await logWith(text(1, 5));
    await using log = new LogFile(it.path, NOTHING_SECRET);
    await using follower = await following(log, 2);
    await expect.poll(() => follower.text, PATIENT).toBe(text(4, 5));
    await log.write(Buffer.from('line 6\nli'));
    await expect.poll(() => follower.text, PATIENT).toBe(text(4, 6));
    await log.write(Buffer.from('ne 7\n'));
    await expect.poll(() => follower.text, PATIENT).toBe(text(4, 7));
  });

  it('waits for a log that is not there yet', async () => {
    await using it = await logWith();
    await using log = new LogFile(it.path, NOTHING_SECRET);
    await using follower = await following(log, 5);
    await log.write(Buffer.from('first\n'));
    await expect.poll(() => follower.text, PATIENT).toBe('first\n');
  });

  it('loses no line and repeats none while the log is rotated', async () => {
    await using it = await logWith();
    await using log = new LogFile(it.path, NOTHING_SECRET, 4000);
    await using follower = await following(log, 0);
    for (const last of [200, 400, 600]) {
      for (const line of lines(last - 199, last)) await log.write(Buffer.from(`${line}\n`));
      await expect.poll(() => follower.text.endsWith(text(last, last)), PATIENT).toBe(true);
    }
    expect(follower.text).toBe(text(1, 600));
  });

  it('begins anew after a truncation', async () => {
    await using it = await logWith(text(1, 9));
    await using log = new LogFile(it.path, NOTHING_SECRET);
    await using follower = await following(log, 0);
    await log.write(Buffer.from('more\n'));
    await expect.poll(() => follower.text, PATIENT).toBe('more\n');
    await writeFile(it.path, '');
    await log.write(Buffer.from('new\n'));
    await expect.poll(() => follower.text, PATIENT).toBe('more\nnew\n');
  });

  it('hands over an endless line in pieces', async () => {
    await using it = await logWith();
    await using log = new LogFile(it.path, NOTHING_SECRET);
    await using follower = await following(log, 0);
    await log.write(Buffer.alloc(200_000, 'x'));
    await expect.poll(() => follower.text, PATIENT).toMatch(/^x{100000}/);
  });

  it('ends at once when its reader leaves', async () => {
    await using it = await logWith(text(1, 2));
    await using log = new LogFile(it.path, NOTHING_SECRET);
    const { changes } = log;
    const after = changes.after.bind(changes);
    // Nothing else wakes it, however long it takes.
    changes.after = (seen, _ms, signal) => after(seen, FOR_EVER, signal);
    const follower = await following(log, 0);
    await follower[Symbol.asyncDispose]();
    expect(follower.text).toBe('');
  });
});
