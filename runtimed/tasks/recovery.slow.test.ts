import { appendFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../testing/alive.ts';
import { launch } from '../testing/launch.ts';
import { manifest, prepareMachine, readIn, runIn, startSandbox } from '../testing/sandbox.ts';
import { DONE } from '../testing/scripted-agent.ts';
import { TaskClient } from '../testing/tasks.ts';
import { until } from '../testing/until.ts';

const APP = {
  'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 60' }], build: { command: '' } }),
  'a.txt': 'old\n',
};
/** Leaves with its directory: nobody ends it when its runtime is killed. */
const AT_WORK = `echo new > a.txt; echo $$ > pid; echo ready; while [ -e a.txt ]; do sleep 0.05; done`;
const ENDED = {
  status: 'failed',
  failure_reason: 'sandbox_unavailable',
  error_message: 'The sandbox ended while the task ran.',
  files_changed: ['a.txt', 'pid'],
  build_status: 'skipped',
};

describe('a task whose sandbox is killed', () => {
  test('is ended by the next start, with what it has changed, once', async () => {
    const machine = await prepareMachine({ app: APP });
    const tasks = new TaskClient(machine.client);
    let id: string;
    {
      await using it = await launch({ ...machine, [Symbol.asyncDispose]: async () => {} });
      await it.workerPids();
      id = await tasks.begin(AT_WORK);
      await tasks.said(id, 'ready');
    }
    const directory = join(machine.home, '.runtimed/tasks', id);
    await appendFile(join(directory, 'events.jsonl'), '{"seq":4,"at":17955');
    {
      await using _second = await runIn({ ...machine, [Symbol.asyncDispose]: async () => {} });
      const events = await until(async () => {
        const events = await tasks.events(id);
        return events.at(-1)?.type === 'done' && events;
      });
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      expect(events.at(-1)?.data).toMatchObject(ENDED);
      expect(await tasks.diff(id)).toContain('-old\n+new\n');
    }
    const written = await readIn(directory, 'events.jsonl');
    // Killed between its result and its last event: that is all that is missing.
    await writeFile(join(directory, 'events.jsonl'), written.split('\n').slice(0, -2).join('\n') + '\n');
    await using third = await runIn(machine);
    await until(async () => (await tasks.events(id)).at(-1)?.type === 'done');
    expect((await readIn(directory, 'events.jsonl')).match(/"type":"done"/g)).toHaveLength(1);
    expect((await tasks.revert(id)).status).toBe(200);
    expect(await third.client.read('a.txt')).toBe('old\n');
    await rm(join(third.app, 'a.txt'));
  });
});

test('a task whose app has become something else is ended by the next start all the same', async () => {
  const machine = await prepareMachine({ app: APP });
  const tasks = new TaskClient(machine.client);
  let id: string;
  {
    await using it = await launch({ ...machine, [Symbol.asyncDispose]: async () => {} });
    await it.workerPids();
    id = await tasks.begin(AT_WORK);
    await tasks.said(id, 'ready');
  }
  await rm(machine.app, { recursive: true });
  await symlink('/', machine.app);
  await using _second = await runIn(machine);
  await until(async () => (await tasks.events(id)).at(-1)?.type === 'done');
  expect(await tasks.outcome(id)).toMatchObject({ ...ENDED, files_changed: [], files_truncated: true });
});

test('a task whose sandbox stops is ended, and so is its agent', async () => {
  await using machine = await prepareMachine({ app: APP });
  const it = await launch({ ...machine, [Symbol.asyncDispose]: async () => {} });
  await using _it = it;
  const tasks = new TaskClient(machine.client);
  await it.workerPids();
  const id = await tasks.begin(AT_WORK);
  await tasks.said(id, 'ready');
  const pid = Number(await it.client.read('pid'));
  const began = performance.now();
  it.child.kill('SIGTERM');
  expect(await it.ended).toBe(0);
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(isAlive(pid)).toBe(false);
  const result = await readIn(join(machine.home, '.runtimed/tasks', id), 'result.json');
  expect(JSON.parse(result)).toMatchObject(ENDED);
});

test.each<[string, (directory: string) => Promise<unknown>]>([
  ['no order', (path) => rm(join(path, 'order.json'))],
  ['an order that is none', (path) => writeFile(join(path, 'order.json'), '{"id":')],
  ['no events', (path) => rm(join(path, 'events.jsonl'))],
  ['events that are none', (path) => writeFile(join(path, 'events.jsonl'), '\0\n{}\n[]\n"x"\nnull\n')],
])('a boot takes no harm from a task with %s', async (_what, damage) => {
  const machine = await prepareMachine({ app: APP });
  const tasks = new TaskClient(machine.client);
  {
    await using _first = await runIn({ ...machine, [Symbol.asyncDispose]: async () => {} });
    const id = await until(() => tasks.begin(DONE));
    await tasks.outcome(id);
    const directory = join(machine.home, '.runtimed/tasks', id);
    await rm(join(directory, 'result.json'));
    await damage(directory);
  }
  await using second = await runIn(machine);
  await second.reaches(({ phase }) => phase === 'ready');
  expect((await tasks.run(DONE)).status).toBe('succeeded');
});

test('nothing is to be recovered in a sandbox that never had a task', async () => {
  await using it = await startSandbox({ app: APP });
  await it.reaches(({ phase }) => phase === 'ready');
  expect(it.log.join('\n')).not.toMatch(/could not|recovered/);
});
