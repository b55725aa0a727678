import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aTurn, inShort, recording, replay } from '../testing/agent.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import type { AgentTurn } from './driver.ts';
import { parseLine } from './fields.ts';
import { opencode } from './opencode.ts';

const SESSION = 'ses_test';

/** The methods it was asked for, in order. */
const asked = (written: string) =>
  written
    .trim()
    .split('\n')
    .map((line) => parseLine(line)['method']);

/** It tells of its session. */
const update = (fields: string) =>
  `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"${SESSION}","update":{${fields}}}}`;

async function configOf(over: Partial<AgentTurn>) {
  await using state = await temporaryDirectory();
  const { env } = await opencode.prepare(aTurn({ stateDirectory: state.path, ...over }));
  return parseLine(env['OPENCODE_CONFIG_CONTENT'] ?? '');
}

test('tells what it says and does, relative to the app', async () => {
  const { verdict, happenings, written } = await replay(opencode, await recording('opencode-ok'));
  expect(inShort(happenings).filter((line) => !line.startsWith('msg_'))).toEqual([
    'edit, running: Write hello.txt',
    'edit, completed: Write hello.txt',
    'edit, running: Edit hello.txt',
    'edit, completed: Edit hello.txt',
    'execute, running: cat hello.txt',
    'execute, completed: cat hello.txt',
  ]);
  expect(happenings.at(-4)).toMatchObject({ data: { output: 'hello world\n' } });
  expect(verdict).toEqual({
    ok: true,
    session: expect.stringMatching(/^ses_/),
    finalMessage: 'Done: hello.txt says hello world.',
  });
  expect(asked(written)).toEqual(['initialize', 'session/new', 'session/prompt']);
});

test('the pieces of one message have one id', async () => {
  const { happenings } = await replay(opencode, await recording('opencode-ok'));
  const messages = happenings.filter(({ type }) => type === 'message');
  const last = messages.filter(({ data }) => data.id === messages.at(-1)?.data.id);
  expect(last.length).toBeGreaterThan(1);
});

test('goes on with a session, and does not tell its story again', async () => {
  const lines = await recording('opencode-continued');
  const session = /ses_\w+/.exec(lines.join(''))?.[0] ?? '';
  const { verdict, happenings, written } = await replay(opencode, lines, aTurn({ session }));
  const text = happenings.map(({ data }) => ('text' in data ? data.text : '')).join('');
  expect(text).toBe('I remember: The word is tangerine');
  expect(verdict).toEqual({ ok: true, session, finalMessage: text });
  expect(asked(written)).toEqual(['initialize', 'session/load', 'session/prompt']);
});

test('begins a new session when the old one has gone', async () => {
  const turn = aTurn({ session: SESSION });
  const { verdict, written } = await replay(opencode, await recording('opencode-forgotten'), turn);
  expect(asked(written)).toEqual(['initialize', 'session/load', 'session/new', 'session/prompt']);
  expect(verdict).toMatchObject({ ok: true, finalMessage: 'I remember nothing.' });
  expect(verdict.session).not.toBe(SESSION);
});

test('a provider that turns it away speaks for itself', async () => {
  const { verdict } = await replay(opencode, await recording('opencode-401'));
  expect(verdict).toMatchObject({ ok: false, error: 'The API key is not valid.' });
});

test('a command that fails is a tool that failed, though opencode takes it for done', async () => {
  const lines = (await recording('opencode-ok')).map((line) => line.replace('"exit":0', '"exit":1'));
  const { happenings } = await replay(opencode, lines);
  expect(inShort(happenings)).toContain('execute, failed: cat hello.txt');
});

test('what it tells before an answer is heard before it', async () => {
  const { verdict } = await replay(
    opencode,
    [
      '{"jsonrpc":"2.0","id":0,"result":{}}',
      update('"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"long ago "}'),
      '{"jsonrpc":"2.0","id":1,"result":{}}',
      update('"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"just "}'),
      update('"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"now"}'),
      '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}',
    ],
    aTurn({ session: SESSION }),
  );
  expect(verdict).toEqual({ ok: true, session: SESSION, finalMessage: 'just now' });
});

test('however much it tells, everything else goes on', async () => {
  const notices = Array.from({ length: 500 }, () => '{"jsonrpc":"2.0","method":"_heartbeat"}');
  let turns = 0;
  let beat = setImmediate(function again() {
    turns += 1;
    beat = setImmediate(again);
  });
  try {
    await replay(opencode, notices);
  } finally {
    clearImmediate(beat);
  }
  expect(turns).toBeGreaterThan(400);
});

test.each([
  ['is heard, however many parts it has', 100, 1],
  ['is passed over with more values than anybody sends', 10_000, 0],
])('a message %s', async (_, parts, uses) => {
  const content = Array.from({ length: parts }, () => '{}').join();
  const { verdict, happenings } = await replay(opencode, [
    '{"jsonrpc":"2.0","id":0,"result":{}}',
    `{"jsonrpc":"2.0","id":1,"result":{"sessionId":"${SESSION}"}}`,
    update(`"sessionUpdate":"tool_call","toolCallId":"c","title":"t","content":[${content}]`),
    update('"sessionUpdate":"tool_call_update","toolCallId":"c","status":"completed"'),
    '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}',
  ]);
  expect(verdict.ok).toBe(true);
  expect(happenings).toHaveLength(uses);
});

test('whatever it asks leave for is allowed; what it asks of an editor is not there', async () => {
  const opened = [
    '{"jsonrpc":"2.0","id":0,"result":{}}',
    `{"jsonrpc":"2.0","id":1,"result":{"sessionId":"${SESSION}"}}`,
    '{"jsonrpc":"2.0","id":"p","method":"session/request_permission","params":{"sessionId":"ses_test","toolCall":{"toolCallId":"call_1"},"options":[{"optionId":"no","name":"No","kind":"reject_once"},{"optionId":"yes","name":"Yes","kind":"allow_once"}]}}',
    '{"jsonrpc":"2.0","id":"f","method":"fs/read_text_file","params":{"path":"/etc/passwd"}}',
    '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"refusal"}}',
  ];
  const { verdict, written } = await replay(opencode, opened);
  expect(written).toContain('"id":"p","result":{"outcome":{"outcome":"selected","optionId":"yes"}}');
  expect(written).toContain('"id":"f","error":{"code":-32601');
  expect(verdict).toEqual({ ok: false, error: 'The model refused to go on.', session: SESSION });
});

test('knows the providers by name, and is told of the one it cannot know', async () => {
  expect(await configOf({ provider: 'anthropic', model: 'claude-new' })).toMatchObject({
    model: 'anthropic/claude-new',
    enabled_providers: ['anthropic'],
    provider: {
      anthropic: { options: { baseURL: 'http://127.0.0.1:4000/v1' }, models: { 'claude-new': {} } },
    },
  });
  expect(await configOf({ provider: 'openai-compatible', model: 'a/b' })).toMatchObject({
    model: 'openai-compatible/a/b',
    provider: { 'openai-compatible': { npm: '@ai-sdk/openai-compatible', models: { 'a/b': {} } } },
  });
});

test('finds installed what it would install at its start', async () => {
  await using state = await temporaryDirectory();
  await opencode.prepare(aTurn({ stateDirectory: state.path }));
  const directory = join(state.path, 'config', 'opencode');
  expect(await readdir(directory)).toContain('node_modules');
  expect(await readFile(join(directory, 'package-lock.json'), 'utf8')).toContain('@opencode-ai/plugin');
});
