import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, manifest, readIn, startSandbox, WEB_APP } from '../testing/sandbox.ts';
import { DONE, saying } from '../testing/scripted-agent.ts';
import { TaskClient } from '../testing/tasks.ts';

const webApp = async (more: object = {}) => ({
  'sandbox.yaml': manifest({
    web: { command: WEB_APP, port: await freePort() },
    build: { command: '' },
    ...more,
  }),
});

test('a task changes the app, tells what happens in order, and has a result', async () => {
  await using sandbox = await startSandbox({ app: { ...(await webApp()), 'a.txt': 'old\n' } });
  const tasks = new TaskClient(sandbox.client);
  const tool = { id: 't', name: 'write', kind: 'edit', title: 'Edit a.txt', status: 'completed' } as const;
  const id = await tasks.begin(
    ['echo hello', 'echo new > a.txt; echo more > b.txt', saying({ type: 'tool', data: tool }), DONE].join(
      '\n',
    ),
  );
  const events = await tasks.events(id);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.map(({ type, data }) => ('phase' in data ? data.phase : type))).toEqual([
    'checkpoint',
    'agent',
    'message',
    'tool',
    'build',
    'build',
    'restart',
    'health',
    'result',
    'done',
  ]);
  expect(events.at(-1)?.data).toMatchObject({
    status: 'succeeded',
    files_changed: ['a.txt', 'b.txt'],
    agent_message_final: 'It is done.',
    build_status: 'skipped',
    preview_status_after: 'ready',
    preview_ok: true,
    app_healthy: true,
    checkpoint_id: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
  });
  expect(await tasks.diff(id)).toContain('-old\n+new\n');
  expect(await tasks.log(id)).toContain('hello\n');
  const directory = join(sandbox.home, '.runtimed/tasks', id);
  expect(JSON.parse(await readIn(directory, 'result.json'))).toEqual(events.at(-1)?.data);
  expect(await sandbox.client.status()).not.toHaveProperty('active_task_id');
});
