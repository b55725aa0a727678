import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RuntimeStatus } from '../../src/domain/runtimed.ts';
import type { Reverted, TaskEvent } from '../../src/domain/task.ts';
import type { Reply } from '../testing/client.ts';
import { manifest, readIn, startSandbox } from '../testing/sandbox.ts';
import { DONE, saying } from '../testing/scripted-agent.ts';
import { assignment, newTaskId, TaskClient } from '../testing/tasks.ts';
import { until } from '../testing/until.ts';

/** An app that has nothing to serve and nothing to build. */
const APP = {
  'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 600' }], build: { command: '' } }),
};
/** Works until it is ended, or finds a file. */
const UNTIL_TOLD = 'echo ready; until [ -e go ]; do sleep 0.05; done';
const tellTo = (app: string) => writeFile(join(app, 'go'), '');

async function start(app: Record<string, string> = {}) {
  const sandbox = await startSandbox({ app: { ...APP, ...app } });
  return { ...sandbox, tasks: new TaskClient(sandbox.client) };
}
const checkpointIn = ({ text }: Reply) => (JSON.parse(text) as Reverted).checkpoint_id;
const stepsOf = (events: TaskEvent[]) =>
  events.map(({ type, data }) => ('phase' in data ? data.phase : type));

describe('a task', () => {
  test('changes the app, tells what happens in order, and has a result', async () => {
    await using it = await start({ 'a.txt': 'old\n' });
    const tool = { id: 't', name: 'write', kind: 'edit', title: 'Edit a.txt', status: 'completed' } as const;
    const script = [
      'echo hello',
      'echo new > a.txt; echo more > b.txt',
      saying({ type: 'tool', data: tool }),
      DONE,
    ];
    const id = await it.tasks.begin(script.join('\n'));
    const events = await it.tasks.events(id);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(stepsOf(events)).toEqual([
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
    const outcome = events.at(-1)?.data;
    expect(outcome).toEqual({
      status: 'succeeded',
      files_changed: ['a.txt', 'b.txt'],
      agent_message_final: 'It is done.',
      build_status: 'skipped',
      preview_status_after: 'none',
      app_healthy: true,
      checkpoint_id: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
      started_at: expect.any(Number) as unknown,
      finished_at: expect.any(Number) as unknown,
    });
    expect(await it.tasks.diff(id)).toContain('-old\n+new\n');
    expect(await it.tasks.log(id)).toContain('hello\n');
    const directory = join(it.home, '.runtimed/tasks', id);
    expect(JSON.parse(await readIn(directory, 'result.json'))).toEqual(outcome);
    expect((await readIn(directory, 'events.jsonl')).split('\n')).toHaveLength(events.length + 1);
  });

  test('shows in the status while it runs, and whoever watches is told', async () => {
    await using it = await start();
    using watching = await it.client.stream('GET', '/v1/watch');
    const id = await it.tasks.begin(`${UNTIL_TOLD}; ${DONE}`);
    expect((await it.client.status()).active_task_id).toBe(id);
    const watched = () =>
      watching.text
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as RuntimeStatus).active_task_id);
    await until(() => watched().includes(id));
    await tellTo(it.app);
    await it.tasks.outcome(id);
    expect(await it.client.status()).not.toHaveProperty('active_task_id');
    await until(() => watched().at(-1) === undefined);
  });

  test('makes way for the next one as soon as its end is told', async () => {
    await using it = await start();
    for (let time = 0; time < 5; time += 1) {
      const order = assignment(DONE);
      expect((await it.tasks.submit(order)).status).toBe(202);
      await it.tasks.outcome(order.id);
      expect(await it.client.status()).not.toHaveProperty('active_task_id');
    }
  });

  test('is the only one, and its order may be repeated, also when it has ended', async () => {
    await using it = await start();
    const order = assignment(`${UNTIL_TOLD}; ${DONE}`);
    const replies = await Promise.all(Array.from({ length: 5 }, () => it.tasks.submit(order)));
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    const refused = await it.tasks.submit(assignment(DONE));
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('"task_in_progress"');
    await tellTo(it.app);
    const events = await it.tasks.events(order.id);
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(1);
    expect((await it.tasks.submit(order)).status).toBe(202);
    expect(await it.tasks.events(order.id)).toEqual(events);
    expect((await it.tasks.run(DONE)).status).toBe('succeeded');
    expect((await it.tasks.submit(order)).status).toBe(202);
  });

  test('of many submitted at once is one, and the others are refused', async () => {
    await using it = await start();
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => it.tasks.submit(assignment(`${UNTIL_TOLD}; ${DONE}`))),
    );
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      202,
      ...Array.from({ length: 7 }, () => 409),
    ]);
    await tellTo(it.app);
  });

  test('is told from any point on, live and afterwards', async () => {
    await using it = await start();
    const id = await it.tasks.begin(`${UNTIL_TOLD}; echo more; ${DONE}`);
    await it.tasks.said(id, 'ready');
    using early = await it.client.stream('GET', `/v1/tasks/${id}/events?since=2`);
    await until(() => early.text.includes('ready'));
    expect(early.text).not.toContain('"seq":2,');
    await tellTo(it.app);
    await early.closed;
    const all = await it.tasks.events(id);
    expect(
      early.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as TaskEvent),
    ).toEqual(all.slice(2));
    expect(await it.tasks.events(id, all.length - 1)).toEqual(all.slice(-1));
    expect(await it.tasks.events(id, 1_000_000)).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['an id that leads elsewhere', { id: '../../../etc' }, 'id'],
    ['an id in small letters', { id: newTaskId().toLowerCase() }, 'id'],
    ['an empty prompt', { prompt: '' }, 'prompt'],
    ['a prompt that is too long', { prompt: 'x'.repeat(200_001) }, 'prompt'],
    ['an agent nobody knows', { agent: 'nobody' }, 'agent'],
    ['an agent that is not here', { agent: 'codex' }, 'agent'],
    ['a provider nobody knows', { provider: 'nobody' }, 'provider'],
    ['a model that would be an option', { model: '--help' }, 'model'],
    ['no time', { timeout_s: 0 }, 'timeout_s'],
    ['too much time', { timeout_s: 86_401 }, 'timeout_s'],
    ['half a second', { timeout_s: 1.5 }, 'timeout_s'],
    ['nothing said about going on', { continue: undefined }, 'continue'],
  ])('is refused with %s', async (_what, more, field) => {
    await using it = await start();
    const reply = await it.tasks.submit({ ...assignment(DONE), ...more });
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text)).toMatchObject({
      error: { code: 'invalid_request', message: expect.stringContaining(field) as unknown },
    });
    expect(await it.client.status()).not.toHaveProperty('active_task_id');
  });

  test('nobody knows is not found, and one that has ended stays as it is', async () => {
    await using it = await start();
    const unknown = newTaskId();
    for (const id of [unknown, '..', '%2e%2e', 'x']) {
      for (const path of ['events', 'log', 'diff']) {
        expect((await it.client.call('GET', `/v1/tasks/${id}/${path}`)).status).toBe(404);
      }
      expect((await it.tasks.end(id, { reason: 'cancelled' })).status).toBe(404);
      expect((await it.tasks.revert(id)).status).toBe(404);
    }
    const id = await it.tasks.begin(DONE);
    const before = await it.tasks.events(id);
    expect((await it.tasks.end(id, { reason: 'cancelled' })).status).toBe(202);
    expect((await it.tasks.end(id, { reason: 'bored' })).status).toBe(400);
    expect((await it.client.call('GET', `/v1/tasks/${id}/events?since=-1`)).status).toBe(400);
    expect(await it.tasks.events(id)).toEqual(before);
  });
});

test('a task whose app cannot be saved is not begun by its agent', async () => {
  await using it = await start();
  await rename(it.app, `${it.app}.moved`);
  await symlink(it.root, it.app);
  const id = await it.tasks.begin(`touch started; ${DONE}`);
  const events = await it.tasks.events(id);
  expect(stepsOf(events)).toEqual(['checkpoint', 'result', 'done']);
  expect(events.at(-1)?.data).toMatchObject({
    status: 'failed',
    failure_reason: 'internal',
    error_message: expect.stringMatching(/^The app could not be saved before the task.*leads out/) as unknown,
    files_changed: [],
  });
  expect(await readdir(it.root)).not.toContain('started');
});

describe('what is kept of tasks', () => {
  test('may be broken by the tenant in every way, without harm to the next one', async () => {
    await using it = await start();
    const first = await it.tasks.begin(DONE);
    await it.tasks.outcome(first);
    const root = join(it.home, '.runtimed/tasks');
    for (const [name, target] of [
      ['events.jsonl', '/etc/passwd'],
      ['agent.log', '/dev/zero'],
      ['changes.diff', '/etc/passwd'],
    ] as const) {
      await rm(join(root, first, name));
      await symlink(target, join(root, first, name));
    }
    expect(await it.tasks.log(first)).toBe('');
    expect(await it.tasks.diff(first)).toBe('');
    expect((await it.client.call('GET', `/v1/tasks/${first}/events`)).status).toBe(404);
    await rm(root, { recursive: true });
    await symlink('/tmp', root);
    expect((await it.tasks.run(DONE)).status).toBe('succeeded');
  });

  test.each([
    ['a symlink', (path: string, aside: string) => symlink(aside, path)],
    ['a file', (path: string) => writeFile(path, '')],
  ])('may lie behind %s, which makes way', async (_what, put) => {
    await using it = await start();
    await it.tasks.run(DONE);
    const [own, aside] = [join(it.home, '.runtimed'), join(it.home, 'aside')];
    await rename(own, aside);
    await put(own, aside);
    expect((await it.tasks.run(`touch changed; ${DONE}`)).status).toBe('succeeded');
  });

  test('may be deleted while one runs: its end is told all the same', async () => {
    await using it = await start();
    const id = await it.tasks.begin(`${UNTIL_TOLD}; ${DONE}`);
    await it.tasks.said(id, 'ready');
    using events = await it.client.stream('GET', `/v1/tasks/${id}/events`);
    await rm(join(it.home, '.runtimed/tasks'), { recursive: true });
    await tellTo(it.app);
    await events.closed;
    const told = events.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TaskEvent);
    expect(told.at(-1)).toMatchObject({ type: 'done', data: { status: 'succeeded', files_changed: ['go'] } });
  });

  test('is dropped when there are more than fifty', async () => {
    await using it = await start();
    const first = await it.tasks.begin(DONE);
    await it.tasks.outcome(first);
    const root = join(it.home, '.runtimed/tasks');
    const order = await readIn(root, `${first}/order.json`);
    for (let count = 0; count < 50; count += 1) {
      await it.client.write(`x${count}`, '');
      const id = newTaskId();
      await mkdir(join(root, id));
      await writeFile(join(root, id, 'order.json'), order);
    }
    const last = await it.tasks.begin(DONE);
    await it.tasks.outcome(last);
    const kept = await readdir(root);
    expect(kept).toHaveLength(50);
    expect(kept).toContain(last);
    expect(kept).not.toContain(first);
    expect((await it.tasks.revert(first)).status).toBe(404);
  });
});

describe('a revert', () => {
  test('puts the app back, and is a checkpoint itself', async () => {
    await using it = await start({ 'a.txt': 'old' });
    const id = await it.tasks.begin(`echo new > a.txt; echo b > b.txt; ${DONE}`);
    await it.tasks.outcome(id);
    const reply = await it.tasks.revert(id);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toEqual({
      checkpoint_id: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
      files_changed: ['a.txt', 'b.txt'],
    });
    expect(await it.client.read('a.txt')).toBe('old');
    expect(await it.client.list()).not.toContain('b.txt');
  });

  test('is undone by going back to its own checkpoint, and so is that', async () => {
    await using it = await start({ 'a.txt': 'old' });
    const id = await it.tasks.begin(`echo new > a.txt; echo b > b.txt; ${DONE}`);
    await it.tasks.outcome(id);
    await it.client.write('later.txt', 'later');
    const tree = async () => [await it.client.read('a.txt'), await it.client.list()];
    const [before, reverted] = [await tree(), checkpointIn(await it.tasks.revert(id))];
    const between = await tree();
    expect(between).not.toEqual(before);
    const undone = checkpointIn(await it.tasks.revert(id, { checkpoint_id: reverted }));
    expect(await tree()).toEqual(before);
    await it.tasks.revert(id, { checkpoint_id: undone });
    expect(await tree()).toEqual(between);
  });

  test('goes back to checkpoints of this sandbox alone', async () => {
    await using it = await start({ 'a.txt': 'old' });
    const id = await it.tasks.begin(DONE);
    const { checkpoint_id: own = '' } = await it.tasks.outcome(id);
    await it.client.write('a.txt', 'new');
    const shell = async (script: string) =>
      (
        await it.client.exec({ cmd: ['sh', '-c', `cd ~/.runtimed/checkpoints.git && ${script}`] })
      ).stdout.trim();
    // A commit in the very repository, which is no checkpoint, and a checkpoint that is no commit.
    const foreign = await shell(
      `c=$(git -c user.name=x -c user.email=x@x commit-tree ${own}^{tree} -m x) && git update-ref refs/heads/x $c && echo $c`,
    );
    const noCommit = await shell(
      `b=$(echo x | git hash-object -w --stdin) && git update-ref refs/sandboxd/checkpoints/x $b && echo $b`,
    );
    for (const checkpoint_id of [foreign, noCommit, 'a'.repeat(40), own.padEnd(64, '0')]) {
      expect(checkpoint_id).toMatch(/^[0-9a-f]{40,64}$/);
      const reply = await it.tasks.revert(id, { checkpoint_id });
      expect([reply.status, reply.text]).toEqual([404, expect.stringContaining('No such checkpoint.')]);
    }
    for (const checkpoint_id of ['HEAD', '--all', own.slice(0, 39), own.toUpperCase(), `${own}^{tree}`, 7]) {
      const reply = await it.tasks.revert(id, { checkpoint_id });
      expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('checkpoint_id: ')]);
    }
    expect(await it.client.read('a.txt')).toBe('new');
    expect((await it.tasks.revert(id, { checkpoint_id: own })).status).toBe(200);
    expect(await it.client.read('a.txt')).toBe('old');
  });

  test('waits for nobody: it is refused while a task runs', async () => {
    await using it = await start();
    const first = await it.tasks.begin(DONE);
    await it.tasks.outcome(first);
    const second = await it.tasks.begin(`${UNTIL_TOLD}; ${DONE}`);
    expect((await it.tasks.revert(first)).status).toBe(409);
    await tellTo(it.app);
    await it.tasks.outcome(second);
    const [reverted, submitted] = await Promise.all([
      it.tasks.revert(first),
      it.tasks.submit(assignment(DONE)),
    ]);
    expect([reverted.status, submitted.status]).toEqual([200, 409]);
  });
});
