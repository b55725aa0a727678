import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AGENT_IDS } from '../../src/domain/coding-agent.ts';
import { DUMMY_KEY } from '../../src/domain/provider.ts';
import { aTurn, recording, replay } from '../testing/agent.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { agentDrivers } from './index.ts';

const HOSTILE = [
  'null',
  '[]',
  '42',
  '{}',
  'no JSON',
  '{"type":"assistant","message":{"content":{"text":1}}}',
  '{"type":"assistant","message":{"content":[null,7,{"type":"tool_use"},{"type":"tool_use","id":{},"name":[]}]}}',
  '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"unknown"}]}}',
  '{"type":"item.completed","item":{"id":"x","type":"file_change","changes":[null,{"path":3}]}}',
  '{"type":"item.started","item":{"id":"y","type":"command_execution","command":7}}',
  '{"jsonrpc":"2.0","id":99,"result":{}}',
  '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":7,"update":[]}}',
  '{"jsonrpc":"2.0","id":{},"method":"fs/read_text_file","params":null}',
];

const drivers = new Map(
  await Promise.all([...agentDrivers].map(async ([id, load]) => [id, await load()] as const)),
);

test('there is one of every name', () => {
  expect([...drivers].map(([id, driver]) => [id, driver.id])).toEqual(AGENT_IDS.map((id) => [id, id]));
});

describe.each(AGENT_IDS)('%s', (id) => {
  const driver = drivers.get(id);
  if (driver === undefined) throw new Error(`Nobody drives ${id}.`);

  // The library of ACP notes what it does not understand.
  beforeEach(() => {
    vi.spyOn(console, 'error').mockReturnValue();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('is given an address and the dummy key, and keeps what is its own in its state directory', async () => {
    await using state = await temporaryDirectory();
    const turn = aTurn({ stateDirectory: state.path, model: '--help', prompt: '--version' });
    const { argv, env } = await driver.prepare(turn);
    expect(Object.values(env).join('\n')).toContain(DUMMY_KEY);
    expect(Object.values(env).some((value) => value.startsWith(state.path))).toBe(true);
    expect(env).not.toHaveProperty('HOME');
    expect(argv).not.toContain('--help');
    expect(argv.join(' ')).not.toContain('--version');
  });

  test('writes its settings into files of its own, whatever has been put in their place', async () => {
    await using state = await temporaryDirectory();
    await using other = await temporaryDirectory();
    const victim = join(other.path, 'victim');
    await writeFile(victim, 'mine');
    for (const path of ['config.toml', 'config/opencode/package-lock.json']) {
      await mkdir(dirname(join(state.path, path)), { recursive: true });
      await symlink(victim, join(state.path, path));
    }
    await driver.prepare(aTurn({ stateDirectory: state.path }));
    expect(await readFile(victim, 'utf8')).toBe('mine');
  });

  test('is told whole characters', async () => {
    const lines = await recording(`${id}-ok`);
    const { written } = await replay(driver, lines, aTurn({ prompt: 'half: \ud800.' }));
    expect(written).toContain('half: \ufffd.');
  });

  test('prints what nobody understands, and is not understood', async () => {
    const { verdict } = await replay(driver, HOSTILE);
    expect(verdict).toMatchObject({ ok: false, error: expect.stringMatching(/stopped/) });
  });

  test('may print anything', async () => {
    const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...HOSTILE));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
        expect((await replay(driver, lines)).verdict.ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('says garbage between what it means', async () => {
    const lines = await recording(`${id}-ok`);
    const clean = await replay(driver, lines);
    const littered = await replay(
      driver,
      lines.flatMap((line) => HOSTILE.slice(0, 5).concat(line)),
    );
    expect(littered.verdict).toEqual(clean.verdict);
    expect(littered.happenings).toEqual(clean.happenings);
    expect(clean.verdict.ok).toBe(true);
  });

  test('is cut off before its turn has ended', async () => {
    const lines = await recording(`${id}-ok`);
    const { verdict } = await replay(driver, lines.slice(0, -1));
    expect(verdict).toMatchObject({ ok: false, finalMessage: 'Done: hello.txt says hello world.' });
    expect(verdict.session).toBeDefined();
  });

  test('is not waited for when the turn is to end', async () => {
    const stop = new AbortController();
    const stdin = new PassThrough();
    // Never prints anything, and never closes its output.
    const lines = { [Symbol.asyncIterator]: () => ({ next: () => Promise.withResolvers<never>().promise }) };
    const verdict = driver.follow({ lines, stdin, signal: stop.signal }, aTurn(), () => {});
    await once(stdin, 'data');
    stop.abort();
    expect(await verdict).toMatchObject({ ok: false });
  });

  test('works on a page, and on no command of its own, when a prompt begins with a slash', async () => {
    const lines = await recording(`${id}-ok`);
    const { written } = await replay(driver, lines, aTurn({ prompt: ' /about is broken' }));
    expect(written).toContain('Task:  /about is broken');
  });
});
