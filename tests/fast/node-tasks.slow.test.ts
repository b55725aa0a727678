import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notFound, SandboxdError } from '../../src/domain/errors.ts';
import type { Event } from '../../src/domain/event.ts';
import { NO_USAGE, type TaskEvent } from '../../src/domain/task.ts';
import { aTaskOrder } from '../fakes/rows.ts';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';

const TASK = '01JTASK0000000000000000001';
const OTHER = '01JTASK0000000000000000002';
const KEY = aTaskOrder().upstream.key;

const order = (id = TASK) => aTaskOrder({ id });

describe('the tasks of a node', () => {
  let remains: Remains & AsyncDisposable;
  let world: World;
  let sandbox: string;

  const restart = async () => {
    await world[Symbol.asyncDispose]();
    world = await startWorld(remains);
  };

  beforeEach(async () => {
    remains = await makeRemains();
    world = await startWorld(remains);
    const app = await world.request('POST', '/v1/apps', { body: { name: 'An app' } });
    const { id } = (await app.json()) as { id: string };
    sandbox = ((await (await world.request('POST', `/v1/apps/${id}/sandbox`)).json()) as { id: string }).id;
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await remains[Symbol.asyncDispose]();
  });

  const tasks = () => world.running.agent.tasks(sandbox);
  const inside = () => remains.workspaces.tasks(sandbox);
  const unfinished = () => world.running.agent.keeper.unfinished;
  const events = (): Promise<Event[]> =>
    remains.store.events.list('acme', { sandboxId: sandbox, limit: 200 });
  const happened = async (type: string) => (await events()).filter((event) => event.type === type);
  const awake = async () => (await world.running.agent.observe([sandbox]))[0]?.awakeBecause;
  const ended = () => expect.poll(unfinished).toEqual([]);

  async function heard(since: number, until: (events: TaskEvent[]) => boolean): Promise<TaskEvent[]> {
    const told: TaskEvent[] = [];
    const left = new AbortController();
    for await (const event of tasks().events(TASK, since, left.signal)) {
      told.push(event);
      if (until(told)) left.abort();
    }
    return told;
  }

  it('begins one in a sandbox that sleeps, keeps that awake, and reports the beginning and the end once', async () => {
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    await tasks().submit(order());
    expect(inside().assignments).toMatchObject([{ id: TASK, prompt: 'Make it blue' }]);
    expect(await awake()).toEqual(['a task runs']);
    await expect.poll(() => happened('task.started')).toMatchObject([{ payload: { agent: 'opencode' } }]);

    inside().finish(TASK);
    await expect
      .poll(() => happened('task.completed'))
      .toMatchObject([{ payload: { files_changed: 1, duration_ms: 2500, build_ok: true } }]);
    await ended();
    const counted = () => world.metrics.counts.get('tasks_total{"agent":"opencode","status":"succeeded"}');
    await expect.poll(counted).toBe(1);
    expect(world.metrics.durations.get('task_duration_seconds{"agent":"opencode"}')).toHaveLength(1);
    expect(await awake()).toEqual([]);
    expect(remains.gate.opening(sandbox)).toBeUndefined();
  });

  it('hands the sandbox nothing of the key, and writes none of it down', async () => {
    await tasks().submit(order());
    expect(JSON.stringify(inside().assignments)).not.toContain(KEY);
    expect(remains.gate.opening(sandbox)?.upstream).toMatchObject({ key: KEY });
    const directory = join(remains.directory, 'tasks');
    const [name = ''] = await readdir(directory);
    const written = await readFile(join(directory, name), 'utf8');
    expect(written).toContain('Make it blue');
    expect(written).not.toContain(KEY);
  });

  it('takes the same one twice for one, and a second one not at all', async () => {
    await Promise.all([tasks().submit(order()), tasks().submit(order())]);
    expect(inside().assignments).toHaveLength(1);
    await expect(tasks().submit(order(OTHER))).rejects.toMatchObject({ code: 'task_in_progress' });
    inside().finish(TASK);
    await ended();
    await tasks().submit(order(OTHER));
    expect(inside().activeId).toBe(OTHER);
  });

  it('leaves nothing of one that its sandbox does not take, or that cannot wake it', async () => {
    inside().failure = new SandboxdError('unavailable', 'Full.');
    await expect(tasks().submit(order())).rejects.toMatchObject({ code: 'unavailable' });
    expect(unfinished()).toEqual([]);
    expect(remains.gate.opening(sandbox)).toBeUndefined();
    expect(await awake()).toEqual([]);
    expect(await happened('task.started')).toEqual([]);
  });

  it('wakes a sandbox before it opens the way out of it: one that is being created has none yet', async () => {
    const app = (await (await world.request('POST', '/v1/apps', { body: { name: 'Second' } })).json()) as {
      id: string;
    };
    remains.engine.failures.set('imageDigest', new SandboxdError('unavailable', 'Not now.'));
    const answer = await world.request('POST', `/v1/apps/${app.id}/sandbox`);
    const { id, status } = (await answer.json()) as { id: string; status: string };
    expect(status).toBe('error');
    await world.running.agent.tasks(id).submit(order());
    expect(remains.workspaces.tasks(id).activeId).toBe(TASK);
  });

  it('ends what may have begun when the sandbox did not answer', async () => {
    inside().losesAnswers = true;
    await expect(tasks().submit(order())).rejects.toMatchObject({ code: 'sandbox_unavailable' });
    expect(inside().endings).toEqual([{ reason: 'cancelled' }]);
    expect(inside().activeId).toBeUndefined();
    expect(unfinished()).toEqual([]);
  });

  it('says what to do about a sandbox whose programs are older than tasks', async () => {
    inside().failure = notFound('route');
    await expect(tasks().submit(order())).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Stop it and start it'),
    });
    expect(unfinished()).toEqual([]);
  });

  it('refuses an agent that the image does not carry', async () => {
    remains.engine.agents = ['codex'];
    await expect(tasks().submit(order())).rejects.toMatchObject({ code: 'invalid_request' });
    expect(unfinished()).toEqual([]);
  });

  it('follows one over a restart of the node, and counts on from what it has counted', async () => {
    await tasks().submit(order());
    remains.gate.count(sandbox, { ...NO_USAGE, input: 10, total: 10 });
    await restart();
    expect(await awake()).toEqual(['a task runs']);
    await expect.poll(() => remains.gate.opening(sandbox)?.usage).toMatchObject({ input: 10 });
    expect(remains.gate.opening(sandbox)?.upstream).toMatchObject({ key: KEY });
    inside().finish(TASK);
    await expect.poll(async () => (await happened('task.completed')).length).toBe(1);
    await restart();
    await world.running.syncNow();
    expect(await happened('task.started')).toHaveLength(1);
    expect(await happened('task.completed')).toHaveLength(1);
  });

  it('hears after a restart of the end that came meanwhile', async () => {
    await tasks().submit(order());
    await world[Symbol.asyncDispose]();
    inside().finish(TASK, { status: 'failed', failure_reason: 'agent_error', error_message: 'It gave up.' });
    world = await startWorld(remains);
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'agent_error', has_error: true } }]);
  });

  it('is done with one whose record outlived the report of its end', async () => {
    await tasks().submit(order());
    const path = join(remains.directory, 'tasks', `${TASK}.json`);
    const record = await readFile(path, 'utf8');
    inside().finish(TASK);
    await ended();
    await world[Symbol.asyncDispose]();
    await writeFile(path, record);
    world = await startWorld(remains);
    expect(unfinished()).toEqual([]);
    expect(await readdir(join(remains.directory, 'tasks'))).toEqual([]);
    await world.running.syncNow();
    expect(await happened('task.completed')).toHaveLength(1);
  });

  it('goes on with one whose sandbox could not be looked at after a restart', async () => {
    await tasks().submit(order());
    await world[Symbol.asyncDispose]();
    const slow = () =>
      void remains.engine.failures.set('inspect', new SandboxdError('node_unavailable', 'Too slow.'));
    slow();
    world = await startWorld(remains, { beforeLoops: slow });
    await expect.poll(() => remains.engine.failures.size).toBe(0);
    await expect.poll(() => remains.gate.opening(sandbox)).toBeDefined();
    await world.running.agent.exclusively(sandbox, async () => undefined);
    inside().finish(TASK);
    await world.running.agent.wake(sandbox);
    await expect.poll(async () => (await happened('task.completed')).length).toBe(1);
    expect(await happened('task.failed')).toEqual([]);
  });

  it('ends one whose way to the provider cannot be opened again, in its sandbox too', async () => {
    await tasks().submit(order());
    await world[Symbol.asyncDispose]();
    remains.gate.obstacle = new Error('no more files');
    world = await startWorld(remains);
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'provider_error' } }]);
    expect(inside().endings).toMatchObject([{ reason: 'provider_error' }]);
  });

  it('reports an end as soon as the disk takes it', async () => {
    await tasks().submit(order());
    await expect.poll(async () => (await happened('task.started')).length).toBe(1);
    const outbox = join(remains.directory, 'outbox');
    await rename(outbox, `${outbox}-away`);
    inside().finish(TASK);
    await expect.poll(() => remains.gate.opening(sandbox)).toBeUndefined();
    expect(unfinished()).toEqual([TASK]);
    await rename(`${outbox}-away`, outbox);
    await expect.poll(async () => (await happened('task.completed')).length).toBe(1);
    await ended();
    expect(await readdir(join(remains.directory, 'tasks'))).toEqual([]);
  });

  it('ends one whose sandbox ended, with what that had written down, or as lost', async () => {
    await tasks().submit(order());
    remains.engine.crash(sandbox);
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'sandbox_unavailable' } }]);
    await ended();
    expect(await happened('task.completed')).toEqual([]);
  });

  it('ends one whose sandbox was deleted', async () => {
    await tasks().submit(order());
    await world.request('DELETE', `/v1/sandboxes/${sandbox}`);
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'sandbox_unavailable' } }]);
    await ended();
  });

  it('ends one when the whole node goes to sleep, before the API hears the last of it', async () => {
    await tasks().submit(order());
    await world.running.stopAll();
    expect(await happened('task.failed')).toHaveLength(1);
  });

  it('cancels one, and knows nothing of one that has ended', async () => {
    await tasks().submit(order());
    await tasks().cancel(TASK);
    expect(inside().endings).toEqual([{ reason: 'cancelled' }]);
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ severity: 'info', payload: { failure_reason: 'cancelled' } }]);
    await ended();
    await expect(tasks().cancel(TASK)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('cancels one that waits for its sandbox to wake, which it remembers', async () => {
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    const waking = Promise.withResolvers<void>();
    const busy = world.running.agent.exclusively(sandbox, () => waking.promise);
    const submitted = tasks().submit(order());
    await expect.poll(unfinished).toEqual([TASK]);
    await tasks().cancel(TASK);
    const directory = join(remains.directory, 'tasks');
    expect(await readFile(join(directory, `${TASK}.json`), 'utf8')).toContain('"isCancelled":true');
    waking.resolve();
    await Promise.all([busy, submitted]);
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'cancelled' } }]);
    expect(inside().endings).toEqual([{ reason: 'cancelled' }]);
    expect(inside().activeId).toBeUndefined();
  });

  it('leaves no record behind when it is cancelled in the moment of its end', async () => {
    await tasks().submit(order());
    inside().finish(TASK);
    for (let turn = 0; turn < 50 && unfinished().length > 0; turn += 1) {
      await tasks()
        .cancel(TASK)
        .catch(() => undefined);
    }
    await ended();
    expect(await readdir(join(remains.directory, 'tasks'))).toEqual([]);
    await tasks().submit(order(OTHER));
  });

  it('never reports a negative duration, whatever the sandbox says of its clock', async () => {
    await tasks().submit(order());
    inside().finish(TASK, { started_at: 5_000, finished_at: 1_000 });
    await expect.poll(() => happened('task.completed')).toMatchObject([{ payload: { duration_ms: 0 } }]);
  });

  it('ends one at once that its provider turned away for good, in the words of the provider', async () => {
    await tasks().submit(order());
    remains.gate.refuse(sandbox, { status: 401, message: 'invalid key', isFinal: true });
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'provider_error' } }]);
    expect(inside().endings).toEqual([{ reason: 'provider_error', message: 'invalid key' }]);
  });

  it('lets one go on whose provider does not know a model, and names that as the reason when it fails', async () => {
    await tasks().submit(order());
    remains.gate.refuse(sandbox, { status: 404, message: 'no such model', isFinal: false });
    inside().finish(TASK, { status: 'failed', failure_reason: 'agent_error', error_message: 'Exit 1.' });
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'provider_error' } }]);
    expect(inside().endings).toEqual([]);
  });

  it('names the provider as the reason when the last request failed, and what one that ran out of time waited for', async () => {
    remains.gate.failure = 'overloaded';
    await tasks().submit(order());
    inside().finish(TASK, { status: 'failed', failure_reason: 'agent_error', error_message: 'Exit 1.' });
    await expect
      .poll(() => happened('task.failed'))
      .toMatchObject([{ payload: { failure_reason: 'provider_error' } }]);
    await ended();
    remains.gate.trouble = 'Nothing for 20 s.';
    await tasks().submit(order(OTHER));
    inside().finish(OTHER, { status: 'failed', failure_reason: 'agent_timeout', error_message: 'Too late.' });
    await ended();
    expect((await happened('task.failed')).map(({ payload }) => payload?.['failure_reason'])).toEqual([
      'agent_timeout',
      'provider_error',
    ]);
  });

  it('says that the app does not build, besides the end', async () => {
    await tasks().submit(order());
    inside().finish(TASK, { build_status: 'failed', build_error_message: 'Line 3.', app_healthy: false });
    await expect.poll(async () => (await happened('task.completed')).length).toBe(1);
    expect(await happened('task.build.failed')).toMatchObject([
      { payload: { reason: 'build_failed', has_build_error: true } },
    ]);
  });

  it('tells its events while it runs, from where one left off, and the end once it is reported', async () => {
    await tasks().submit(order());
    const listening = heard(0, () => false);
    inside().tell(TASK, { type: 'message', data: { id: 'm1', text: 'Hello' } });
    inside().finish(TASK);
    expect(await listening).toMatchObject([
      { seq: 1, type: 'status' },
      { seq: 2, type: 'message', data: { text: 'Hello' } },
      { seq: 3, type: 'done' },
    ]);
    // With the end, its report is on the way.
    expect(world.running.agent.activity.reasons(sandbox)).toEqual([]);
    expect(await heard(1, () => false)).toMatchObject([{ seq: 2 }, { seq: 3 }]);
    expect(await heard(3, () => false)).toEqual([]);
  });

  it('tells them from the disk when the sandbox sleeps, and its log and what it changed', async () => {
    await tasks().submit(order());
    inside().finish(TASK);
    await ended();
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    expect(await heard(0, () => false)).toMatchObject([
      { seq: 1, type: 'status' },
      { seq: 2, type: 'done' },
    ]);
    expect(Buffer.from(await tasks().log(TASK)).toString()).toContain('agent.log');
    expect(Buffer.from(await tasks().diff(TASK)).toString()).toContain('changes.diff');
    await expect(tasks().log(OTHER)).rejects.toMatchObject({ code: 'not_found' });
    await expect(heardOf(OTHER)).rejects.toMatchObject({ code: 'not_found' });
  });

  const heardOf = async (id: string) => {
    const told: TaskEvent[] = [];
    for await (const event of tasks().events(id, 0, new AbortController().signal)) told.push(event);
    return told;
  };

  it('reads what a tenant has made of a log with patience, and no more than that', async () => {
    await tasks().submit(order());
    inside().tell(TASK, { type: 'message', data: { id: 'm1', text: 'Hello' } });
    inside().finish(TASK);
    await ended();
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    const lines = Buffer.from(inside().file(TASK, 'events.jsonl') ?? [])
      .toString()
      .trim()
      .split('\n');
    const [first = '', second = '', done = ''] = lines;
    const log = [first, 'no event', '', first, second, first, done, second].join('\n');
    inside().planted.set('events.jsonl', Buffer.from(log));
    expect((await heard(0, () => false)).map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      '1 status',
      '2 message',
      '3 done',
    ]);
    inside().planted.set('events.jsonl', Buffer.alloc(16 * 1024 * 1024, '\n'));
    expect(await heard(0, () => false)).toEqual([]);
  });

  it('waits with the disk until a sandbox that wakes has come up, and asks that', async () => {
    await tasks().submit(order());
    inside().finish(TASK);
    await ended();
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    inside().planted.set('events.jsonl', Buffer.from('half of wha'));
    inside().planted.set('agent.log', Buffer.from('half of wha'));
    const waking = Promise.withResolvers<void>();
    const busy = world.running.agent.exclusively(sandbox, () => waking.promise);
    const woken = world.running.agent.wake(sandbox);
    const [events, log] = [heard(0, () => false), tasks().log(TASK)];
    waking.resolve();
    await Promise.all([busy, woken]);
    expect((await events).map(({ type }) => type)).toEqual(['status', 'done']);
    expect(Buffer.from(await log).toString()).toBe('raw output of the agent\n');
  });

  it('lets a sandbox be followed by many, and not by so many that it cannot be reached', async () => {
    await tasks().submit(order());
    const left = new AbortController();
    const followers = Array.from({ length: 48 }, () =>
      tasks().events(TASK, 0, left.signal)[Symbol.asyncIterator](),
    );
    for (const follower of followers) expect((await follower.next()).value).toMatchObject({ seq: 1 });
    await expect(heard(0, () => false)).rejects.toMatchObject({ code: 'unavailable' });
    await followers[0]?.return?.();
    expect(await heard(0, () => true)).toMatchObject([{ seq: 1 }]);
    left.abort();
    for (const follower of followers) await follower.return?.();
  });

  it('tells nothing twice when the sandbox goes away in the middle', async () => {
    await tasks().submit(order());
    const listening = heard(0, () => false);
    inside().tell(TASK, { type: 'message', data: { id: 'm1', text: 'Hello' } });
    remains.engine.crash(sandbox);
    const told = await listening;
    expect(told.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('takes one back in a sandbox that sleeps', async () => {
    await tasks().submit(order());
    inside().finish(TASK);
    await ended();
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    const { checkpoint_id, files_changed } = await tasks().revert(TASK);
    expect([files_changed, inside().reverted]).toEqual([['src/App.tsx'], [TASK]]);
    await tasks().revert(TASK, checkpoint_id);
    expect(inside().restored).toEqual([checkpoint_id]);
  });
});
