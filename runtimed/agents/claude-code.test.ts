import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aTurn, inShort, recording, replay } from '../testing/agent.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { claudeCode } from './claude-code.ts';

const SESSION = '9dd1bcc7-8c3d-4c6a-b3d2-be6fc0b79191';

test('tells what it says and does, relative to the app', async () => {
  const { verdict, happenings, written } = await replay(claudeCode, await recording('claude-code-ok'));
  expect(inShort(happenings)).toEqual([
    'msg_1: Creating the file.',
    'edit, running: Write hello.txt',
    'edit, completed: Write hello.txt',
    'msg_2: Editing it.',
    'edit, running: Edit hello.txt',
    'edit, completed: Edit hello.txt',
    'msg_3: Checking.',
    'execute, running: cat hello.txt',
    'execute, completed: cat hello.txt',
    'msg_4: Done: hello.txt says hello world.',
  ]);
  expect(happenings.at(-2)).toMatchObject({ data: { output: 'hello world' } });
  expect(verdict).toMatchObject({ ok: true, finalMessage: 'Done: hello.txt says hello world.' });
  expect(verdict.reportedCost).toBeCloseTo(0.003048);
  expect(written).toBe('Make hello.txt');
});

test('a model that nobody names is its own choice, also in a session that had another one', async () => {
  await using state = await temporaryDirectory();
  const { model: _, ...turn } = aTurn({ stateDirectory: state.path });
  expect((await claudeCode.prepare(turn)).argv).toContain('--model=default');
  expect((await claudeCode.prepare({ ...turn, model: 'm' })).argv).toContain('--model=m');
});

test('a session is gone on with where it is there, and costs what this turn did', async () => {
  await using state = await temporaryDirectory();
  const turn = aTurn({ stateDirectory: state.path, session: SESSION });
  expect((await claudeCode.prepare(turn)).argv).not.toContain(`--resume=${SESSION}`);
  const sessions = join(state.path, 'projects', '-home-sandbox-workspace-app');
  await mkdir(sessions, { recursive: true });
  await writeFile(join(sessions, `${SESSION}.jsonl`), '');
  expect((await claudeCode.prepare(turn)).argv).toContain(`--resume=${SESSION}`);

  const { verdict } = await replay(claudeCode, await recording('claude-code-continued'), turn);
  expect(verdict).toMatchObject({ ok: true, session: SESSION });
  expect(verdict.finalMessage).toBe('I remember: The word is tangerine');
  expect(verdict.reportedCost).toBeCloseTo(0.000762);
});

test('a provider that turns it away is no success, and nothing the model said', async () => {
  const { verdict, happenings } = await replay(claudeCode, await recording('claude-code-401'));
  expect(verdict).toMatchObject({
    ok: false,
    error: 'Failed to authenticate. API Error: 401 The API key is not valid.',
    reportedCost: 0,
  });
  expect(verdict).not.toHaveProperty('finalMessage');
  expect(happenings).toEqual([]);
});

test('what an agent of this agent says is not said to people', async () => {
  const line =
    '{"type":"assistant","parent_tool_use_id":"toolu_1","message":{"id":"m","content":[{"type":"text","text":"Aside"}]}}';
  expect((await replay(claudeCode, [line])).happenings).toEqual([]);
});
