import { beforeEach, describe, expect, it } from 'vitest';
import { OWNER } from '../../tests/fakes/rows.ts';
import { type TaskWorld, taskWorld } from '../../tests/fakes/task-world.ts';
import { SandboxdError } from './errors.ts';
import { deleteSandbox } from './sandbox-commands.ts';
import type { Task } from './task.ts';
import { type FollowedEvent, taskEvents } from './task-following.ts';

let world: TaskWorld;
beforeEach(async () => {
  world = await taskWorld();
});

const follow = ({ id }: Task, since = 0, signal = new AbortController().signal) =>
  taskEvents(world.ports, OWNER, world.sandbox.id, id, since, signal);
const seen = (events: readonly FollowedEvent[]) => events.map(({ seq, type }) => `${seq} ${type}`);
async function collect(events: AsyncIterable<FollowedEvent>): Promise<FollowedEvent[]> {
  const collected: FollowedEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}
const all = async (events: AsyncIterable<FollowedEvent>) => seen(await collect(events));

/** A task with a message and a tool between its begin and its end. */
async function worked(): Promise<Task> {
  const task = await world.submit();
  world.inside.tell(task.id, { type: 'message', data: { id: 'm1', text: 'On it.' } });
  world.inside.tell(task.id, {
    type: 'tool',
    data: { id: 't1', name: 'edit', kind: 'edit', title: 'Edit src/App.tsx', status: 'completed' },
  });
  return task;
}
async function ended(): Promise<Task> {
  const task = await worked();
  world.node.finishTask(world.sandbox.id, task.id);
  await world.sync();
  return task;
}

describe('Following a task', () => {
  it('tells what happens as it happens, and at the end what came of it', async () => {
    const task = await worked();
    const events = follow(task);
    const next = async () => (await events.next()).value;
    expect(seen([await next(), await next(), await next()].filter((event) => event !== undefined))).toEqual([
      '1 status',
      '2 message',
      '3 tool',
    ]);
    const last = next();
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    expect(await last).toMatchObject({ seq: 4, type: 'done', data: { id: task.id, status: 'succeeded' } });
    expect(await next()).toBeUndefined();
  });

  it('tells it again after the end, from any number on', async () => {
    const task = await ended();
    const expected = ['1 status', '2 message', '3 tool', '4 done'];
    for (const since of [0, 1, 2, 3, 4])
      expect(await all(follow(task, since))).toEqual(expected.slice(since));
    expect(await all(follow(task, 100))).toEqual(['101 done']);
  });

  it('waits with the end until the API has heard of it', async () => {
    const task = await worked();
    const told = all(follow(task, 3));
    world.node.finishTask(world.sandbox.id, task.id);
    for (const wait of [25, 50, 100, 200, 400, 500]) {
      await expect.poll(() => world.time.pauses).toEqual([wait]);
      world.advance(wait);
    }
    await expect.poll(() => world.time.pauses).toEqual([500]);
    await world.sync();
    world.advance(500);
    expect(await told).toEqual(['4 done']);
    expect(world.time.pauses).toEqual([]);
  });

  it('gives up when the API does not hear of the end, and can be taken up again', async () => {
    const task = await worked();
    world.node.finishTask(world.sandbox.id, task.id);
    const passing = async () => {
      for (let passed = 0; passed < 11_000; passed += 500) {
        world.advance(500);
        await new Promise(setImmediate);
      }
    };
    const [told] = await Promise.allSettled([all(follow(task, 3)), passing()]);
    expect(told).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(world.time.pauses).toEqual([]);
    await world.sync();
    expect(await all(follow(task, 3))).toEqual(['4 done']);
  });

  it('ends without an error when who follows leaves, whatever it waits for', async () => {
    const task = await worked();
    const left = new AbortController();
    const told = all(follow(task, 3, left.signal));
    left.abort();
    expect(await told).toEqual([]);
    world.node.finishTask(world.sandbox.id, task.id);
    const leaving = new AbortController();
    const waiting = all(follow(task, 3, leaving.signal));
    await expect.poll(() => world.time.pauses).toEqual([25]);
    leaving.abort();
    expect(await waiting).toEqual([]);
    expect(world.time.pauses).toEqual([]);
  });

  it('has the end alone when the sandbox is gone', async () => {
    const task = await ended();
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    const [only, ...more] = await collect(follow(task));
    expect(only).toMatchObject({ seq: 1, type: 'done', data: { id: task.id, status: 'succeeded' } });
    expect(more).toEqual([]);
  });

  it('has the end alone when the node is away and the task has ended', async () => {
    const task = await ended();
    world.node.reachable = false;
    expect(await all(follow(task, 2))).toEqual(['3 done']);
  });

  it('fails when the node is away and the task runs', async () => {
    const task = await worked();
    world.node.reachable = false;
    await expect(follow(task).next()).rejects.toMatchObject({ code: 'node_unavailable' });
  });

  it('fails on the way when the node goes, and misses nothing when it is taken up again', async () => {
    const task = await worked();
    const { inside } = world;
    const events = inside.events.bind(inside);
    inside.events = async function* (id, since, signal) {
      for await (const event of events(id, since, signal)) {
        yield event;
        if (event.seq === 2) throw new SandboxdError('node_unavailable', 'The node went away.');
      }
    };
    const told: FollowedEvent[] = [];
    const interrupted = async () => {
      for await (const event of follow(task)) told.push(event);
    };
    await expect(interrupted()).rejects.toMatchObject({ code: 'node_unavailable' });
    inside.events = events;
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    expect([...seen(told), ...(await all(follow(task, 2)))]).toEqual([
      '1 status',
      '2 message',
      '3 tool',
      '4 done',
    ]);
  });

  it('finds only tasks of the sandbox and the owner it names', async () => {
    const { id } = await worked();
    const { signal } = new AbortController();
    const { ports, sandbox } = world;
    const elsewhere = taskEvents(ports, OWNER, ports.newId(), id, 0, signal);
    const strange = taskEvents(ports, 'mallory', sandbox.id, id, 0, signal);
    for (const events of [elsewhere, strange])
      await expect(events.next()).rejects.toMatchObject({ code: 'not_found' });
  });
});
