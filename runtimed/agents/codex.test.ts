import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aTurn, inShort, recording, replay } from '../testing/agent.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { codex } from './codex.ts';

const SESSION = '01a20cdb-a47b-7000-b443-b5631c010d52';

const running = (command: string) =>
  JSON.stringify({ type: 'item.started', item: { id: 'i', type: 'command_execution', command } });

test('tells what it says and does, relative to the app', async () => {
  const { verdict, happenings, written } = await replay(codex, await recording('codex-ok'));
  expect(inShort(happenings)).toEqual([
    'item_0: Creating the file.',
    'edit, running: Write hello.txt',
    'edit, completed: Write hello.txt',
    'item_2: Editing it.',
    'edit, running: Edit hello.txt',
    'edit, completed: Edit hello.txt',
    'item_4: Checking.',
    'execute, running: cat hello.txt',
    'execute, completed: cat hello.txt',
    'item_6: Done: hello.txt says hello world.',
  ]);
  expect(happenings.at(-2)).toMatchObject({ data: { output: 'hello world\n' } });
  expect(verdict).toMatchObject({ ok: true, finalMessage: 'Done: hello.txt says hello world.' });
  expect(written).toBe('Make hello.txt');
});

test('a session is gone on with where it is there', async () => {
  await using state = await temporaryDirectory();
  const turn = aTurn({ stateDirectory: state.path, session: SESSION });
  expect((await codex.prepare(turn)).argv).not.toContain('resume');
  const sessions = join(state.path, 'sessions', '2026', '11', '24');
  await mkdir(sessions, { recursive: true });
  await writeFile(join(sessions, `rollout-2026-11-24T09-20-50-${SESSION}.jsonl`), '');
  expect((await codex.prepare(turn)).argv.slice(-4)).toEqual(['resume', '--', SESSION, '-']);

  const { verdict } = await replay(codex, await recording('codex-continued'), turn);
  expect(verdict).toEqual({
    ok: true,
    session: SESSION,
    finalMessage: 'I remember: The word is tangerine',
  });
});

test.each([
  ['codex-401', 'unexpected status 401 Unauthorized: The API key is not valid.'],
  ['codex-500', 'We’re currently experiencing high demand, which may cause temporary errors.'],
])('a provider that turns it away ends the turn: %s', async (name, error) => {
  const { verdict, happenings } = await replay(codex, await recording(name));
  expect(verdict).toMatchObject({ ok: false, error });
  expect(happenings).toEqual([]);
});

test('what it complains of and gets over is no failure', async () => {
  const complaint = '{"type":"error","message":"Reconnecting... 1/4 (stream disconnected)"}';
  const { verdict } = await replay(codex, [complaint, ...(await recording('codex-ok'))]);
  expect(verdict.ok).toBe(true);
  expect(verdict).not.toHaveProperty('error');
});

test("the provider's words are taken out of an answer told as it came", async () => {
  const message = 'unexpected status 400: {"error":{"message":"The model is gone."}}';
  const { verdict } = await replay(codex, [JSON.stringify({ type: 'turn.failed', error: { message } })]);
  expect(verdict.error).toBe('The model is gone.');
});

test.each([
  ["/bin/bash -lc 'cat hello.txt'", 'cat hello.txt'],
  ["bash -lc 'echo '\\''quoted'\\'''", "echo 'quoted'"],
  ['/usr/bin/zsh -c "echo \\"$HOME\\""', 'echo "$HOME"'],
  ['/bin/bash -lc ls', 'ls'],
  ["printf '%s' x", "printf '%s' x"],
])('the command is shown without the shell it is given to: %s', async (command, title) => {
  const { happenings } = await replay(codex, [running(command)]);
  expect(happenings).toMatchObject([{ data: { title } }]);
});

test('is told where the provider is, and to stay away from everything else', async () => {
  await using state = await temporaryDirectory();
  const { env } = await codex.prepare(aTurn({ stateDirectory: state.path }));
  const settings = await readFile(join(state.path, 'config.toml'), 'utf8');
  expect(env['CODEX_HOME']).toBe(state.path);
  expect(settings).toContain('base_url = "http://127.0.0.1:4000/v1"');
  for (const name of ['plugins', 'apps', 'check_for_update_on_startup']) {
    expect(settings).toContain(`${name} = false`);
  }
});
