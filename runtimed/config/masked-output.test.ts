import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MASK } from '../../src/domain/mask.ts';
import type { AgentHappening } from '../agents/driver.ts';
import { LogFile, predecessorOf } from '../logs/log-file.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { Configuration } from './configuration.ts';
import { MaskedOutput } from './masked-output.ts';
import { MaskedWork } from './masked-work.ts';

const SECRET = 'test-key-not-real';
const OTHER = 'other-key-not-real';

function configured(...secrets: string[]): Configuration {
  const configuration = new Configuration({}, '/home/sandbox');
  configuration.take({ revision: 1, env: {}, secrets });
  return configuration;
}

const shown = (output: MaskedOutput, pieces: readonly string[]): string =>
  [...pieces.map((piece) => output.push(Buffer.from(piece))), output.end()]
    .map((bytes) => Buffer.from(bytes).toString())
    .join('');

/** A text cut in two, at every place. */
const cuts = (text: string): [string, string][] =>
  Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]);

describe('output', () => {
  test('is shown without a secret, wherever that is cut', () => {
    for (const pieces of cuts(`a ${SECRET} b`)) {
      expect(shown(new MaskedOutput(configured(SECRET)), pieces)).toBe(`a ${MASK} b`);
    }
  });

  test('is shown without what becomes secret while it goes on, and without what was before', () => {
    const configuration = configured(SECRET);
    const output = new MaskedOutput(configuration);
    let text = Buffer.from(output.push(Buffer.from(`${OTHER} ${SECRET.slice(0, 6)}`))).toString();
    configuration.take({ revision: 2, env: {}, secrets: [OTHER] });
    text += shown(output, [`${SECRET.slice(6)} ${OTHER}`]);
    expect(text).toBe(`${OTHER} ${MASK} ${MASK}`);
  });
});

describe('a log', () => {
  test('has no secret in it, also where it becomes its own predecessor', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'web.log');
    const line = `${SECRET}\n`;
    {
      await using log = new LogFile(path, configured(SECRET), 64);
      for (const [before, after] of cuts(line)) {
        await log.write(Buffer.from(before));
        await log.write(Buffer.from(after));
      }
    }
    const text = (await readFile(predecessorOf(path), 'utf8')) + (await readFile(path, 'utf8'));
    expect(text.replaceAll(`${MASK}\n`, '')).toBe('');
    expect(text).not.toBe('');
  });

  test('does not keep back for ever what only looked like the beginning of a secret', async () => {
    await using directory = await temporaryDirectory();
    await using log = new LogFile(join(directory.path, 'web.log'), configured(SECRET));
    await log.write(Buffer.from('test-key'));
    await log.flush();
    expect(await readFile(log.path, 'utf8')).toBe('test-key');
  });
});

const message = (id: string, text: string): AgentHappening => ({ type: 'message', data: { id, text } });

test('what an agent tells has no secret in it, in one piece or across those of a message', () => {
  const told: AgentHappening[] = [];
  const work = new MaskedWork(configured(SECRET), (happening) => told.push(happening));
  work.take(message('a', 'It is test-'));
  work.take(message('a', 'key-not-real, and test'));
  work.take(message('b', '-key'));
  const tool = { id: 't', name: 'bash', kind: 'execute', status: 'completed' } as const;
  work.take({ type: 'tool', data: { ...tool, title: `echo ${SECRET}`, output: SECRET } });
  work.end();
  expect(told).toEqual([
    message('a', 'It is '),
    message('a', `${MASK}, and `),
    message('a', 'test'),
    message('b', '-key'),
    { type: 'tool', data: { ...tool, title: `echo ${MASK}`, output: MASK } },
  ]);
});
