import { beforeEach, describe, expect, it } from 'vitest';
import { FAKE_NODE_ID } from '../../tests/fakes/fake-node.ts';
import { SUCCEEDED } from '../../tests/fakes/fake-tasks.ts';
import { OWNER } from '../../tests/fakes/rows.ts';
import { TEST_KEY, type TaskWorld, taskWorld } from '../../tests/fakes/task-world.ts';
import { type ErrorCode, notFound, SandboxdError } from './errors.ts';
import { parseInput } from './input.ts';
import { answerSync } from './node-sync.ts';
import { deleteSandbox, startSandbox, stopSandbox } from './sandbox-commands.ts';
import type { Change } from './store.ts';
import type { Task } from './task.ts';
import {
  cancelTask,
  listTasks,
  NewTask,
  readTaskDiff,
  readTaskLog,
  revertTask,
  submitTask,
} from './task-commands.ts';

const failure = (code: ErrorCode, message: RegExp = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const parse = (input: object) => parseInput(NewTask, input);
const MINUTE_MS = 60_000;

let world: TaskWorld;
beforeEach(async () => {
  world = await taskWorld();
});
const eventsOf = async ({ id }: Task) =>
  (await world.ports.store.events.list(OWNER, { taskId: id, limit: 50 }))
    .map(({ type }) => type)
    .toReversed();
const sandboxNow = () => world.ports.store.sandboxes.find(OWNER, world.sandbox.id);

const cancel = ({ id }: Task) => cancelTask(world.ports, OWNER, world.sandbox.id, id);
const revert = ({ id }: Task) => revertTask(world.ports, OWNER, world.sandbox.id, id);
const noClient = () => {
  throw new SandboxdError('node_unavailable', 'No such node.');
};
/** A task whose order got lost. */
async function lost(): Promise<Task> {
  world.node.reachable = false;
  await expect(world.submit()).rejects.toEqual(failure('node_unavailable'));
  world.node.reachable = true;
  const [task] = await listTasks(world.ports, OWNER, world.sandbox.id, { limit: 1 });
  expect.assert(task !== undefined);
  return task;
}

async function ended(): Promise<Task> {
  const task = await world.submit();
  world.node.finishTask(world.sandbox.id, task.id);
  await world.sync();
  return task;
}

describe('A task that is submitted', () => {
  it('is a row, and work for the node, with the key that only the node is told', async () => {
    const { sandbox, inside, node } = world;
    const task = await world.submit({ model: 'anthropic/claude-x', timeout_s: 90, continue: false });
    expect(await world.row(task)).toEqual(task);
    expect(task).toMatchObject({
      owner: OWNER,
      appId: sandbox.appId,
      sandboxId: sandbox.id,
      nodeId: FAKE_NODE_ID,
      status: 'running',
      agent: 'opencode',
      provider: 'anthropic',
      model: 'claude-x',
      timeoutSeconds: 90,
    });
    expect(inside.assignments).toEqual([
      {
        id: task.id,
        prompt: 'Make the title red.',
        agent: 'opencode',
        provider: 'anthropic',
        model: 'claude-x',
        timeout_s: 90,
        continue: false,
      },
    ]);
    expect(node.upstreams).toMatchObject([{ provider: 'anthropic', key: TEST_KEY, keyHeader: 'x-api-key' }]);
    expect(JSON.stringify(await world.ports.store.credentials.find(OWNER, 'anthropic'))).not.toContain(
      TEST_KEY,
    );
  });

  it('shows as what its sandbox is busy with, until its node has told how it ended', async () => {
    const task = await world.submit();
    expect((await sandboxNow())?.activeTaskId).toBe(task.id);
    world.node.finishTask(world.sandbox.id, task.id);
    expect((await sandboxNow())?.activeTaskId).toBe(task.id);
    await world.sync();
    expect((await sandboxNow())?.activeTaskId).toBeUndefined();
    expect(await world.row(task)).toMatchObject({ status: 'succeeded', outcome: SUCCEEDED });
    expect(await eventsOf(task)).toEqual(['task.started', 'task.completed']);
  });

  it('has ten minutes when it does not say, or says 0', async () => {
    expect(await world.submit({ timeout_s: 0 })).toMatchObject({ timeoutSeconds: 600 });
  });

  it('is the only one of its sandbox, also when two come at once', async () => {
    const outcomes = await Promise.allSettled([world.submit(), world.submit()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(world.submit()).rejects.toEqual(failure('task_in_progress'));
    expect(world.inside.assignments).toHaveLength(1);
  });

  it.each(['sandbox_capacity', 'sandbox_unavailable', 'invalid_request', 'internal'] as const)(
    'leaves nothing when its node says no (%s)',
    async (code) => {
      world.inside.failure = new SandboxdError(code, 'No.');
      await expect(world.submit()).rejects.toEqual(failure(code, /No/));
      expect(await listTasks(world.ports, OWNER, world.sandbox.id, { limit: 5 })).toEqual([]);
      await expect(world.submit()).resolves.toMatchObject({ status: 'running' });
    },
  );

  it('stays when its node does not answer, and goes on if it had begun all the same', async () => {
    const { inside } = world;
    const submit = inside.submit.bind(inside);
    inside.submit = async (assignment) => {
      await submit(assignment);
      throw new SandboxdError('node_unavailable', 'The answer got lost.');
    };
    await expect(world.submit()).rejects.toEqual(failure('node_unavailable'));
    const [task] = await listTasks(world.ports, OWNER, world.sandbox.id, { limit: 5 });
    expect.assert(task !== undefined);
    world.advance(2 * MINUTE_MS);
    await world.sync();
    expect(await world.row(task)).toMatchObject({ id: inside.activeId, status: 'running' });
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    expect(await world.row(task)).toMatchObject({ status: 'succeeded' });
  });

  it('leaves nothing when there is no node to ask', async () => {
    const nodes = { ...world.ports.nodes, client: noClient };
    const submitted = submitTask({ ...world.ports, nodes }, OWNER, world.sandbox.id, parse({ prompt: 'x' }));
    await expect(submitted).rejects.toEqual(failure('node_unavailable'));
    expect(await listTasks(world.ports, OWNER, world.sandbox.id, { limit: 5 })).toEqual([]);
  });
});

describe('A task that its node does not know of', () => {
  it('is given the time a submission takes, and has failed then', async () => {
    const task = await lost();
    world.advance(MINUTE_MS);
    await world.sync();
    expect((await world.row(task))?.status).toBe('running');
    world.advance(1);
    await world.sync();
    expect(await world.row(task)).toMatchObject({
      status: 'failed',
      outcome: {
        failure_reason: 'sandbox_unavailable',
        error_message: 'The task never reached its node.',
        app_healthy: false,
        started_at: task.createdAt,
        finished_at: world.ports.clock(),
      },
    });
    await world.sync();
    expect(await eventsOf(task)).toEqual(['task.failed']);
    expect((await sandboxNow())?.activeTaskId).toBeUndefined();
  });

  it('is not ended by what the node says in answer to a command', async () => {
    const task = await lost();
    world.advance(2 * MINUTE_MS);
    await startSandbox(world.ports, OWNER, world.sandbox.id);
    expect((await world.row(task))?.status).toBe('running');
  });

  it('was lost by the node when it had begun', async () => {
    const task = await world.submit();
    await world.sync();
    world.advance(2 * MINUTE_MS);
    await answerSync(world.ports, FAKE_NODE_ID, { ...world.node.hears(), tasks: [] });
    expect(await world.row(task)).toMatchObject({ outcome: { error_message: 'The node lost the task.' } });
  });

  it('has ended as the node says when its end comes with the same words', async () => {
    const task = await world.submit();
    world.advance(2 * MINUTE_MS);
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    expect(await world.row(task)).toMatchObject({ status: 'succeeded' });
    expect(await eventsOf(task)).toEqual(['task.started', 'task.completed']);
  });

  it('is none of the business of another node', async () => {
    const task = await world.submit();
    world.advance(2 * MINUTE_MS);
    await answerSync(world.ports, 'node-2', { observations: [], reports: [], tasks: [] });
    expect((await world.row(task))?.status).toBe('running');
  });
});

describe('Cancelling a task', () => {
  it('is an order to its node', async () => {
    const task = await world.submit();
    await cancel(task);
    expect(world.inside.endings).toEqual([{ reason: 'cancelled' }]);
  });

  it('is refused once it has ended, with what it came to', async () => {
    const task = await world.submit();
    world.node.finishTask(world.sandbox.id, task.id, { status: 'failed', failure_reason: 'agent_error' });
    await world.sync();
    await expect(cancel(task)).rejects.toEqual(failure('conflict', /failed/));
  });

  it('is refused when its end is still on its way', async () => {
    const task = await world.submit();
    world.inside.end = async () => {
      throw notFound('task');
    };
    await expect(cancel(task)).rejects.toEqual(failure('conflict', /just ended/));
  });

  it('finds only tasks of the sandbox it names', async () => {
    const task = await world.submit();
    const elsewhere = cancelTask(world.ports, OWNER, world.ports.newId(), task.id);
    await expect(elsewhere).rejects.toEqual(failure('not_found', /task/));
    expect(world.inside.endings).toEqual([]);
  });
});

describe('Reverting a task', () => {
  it('is done by its node, and says what it changed', async () => {
    const task = await ended();
    expect(await revert(task)).toMatchObject({ files_changed: ['src/App.tsx'] });
    expect(world.inside.reverted).toEqual([task.id]);
  });

  it('waits for the task that runs, its own or another', async () => {
    const task = await ended();
    const running = await world.submit();
    for (const one of [task, running])
      await expect(revert(one)).rejects.toEqual(failure('task_in_progress', new RegExp(running.id)));
    expect(world.inside.reverted).toEqual([]);
  });

  it('is impossible when the sandbox is gone', async () => {
    const task = await ended();
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    await expect(revert(task)).rejects.toEqual(failure('not_found', /sandbox/));
  });
});

describe('A sandbox with a task', () => {
  it('is not stopped', async () => {
    const task = await world.submit();
    const { orders } = world.node;
    const before = orders.length;
    await expect(stopSandbox(world.ports, OWNER, world.sandbox.id)).rejects.toEqual(
      failure('task_in_progress', new RegExp(task.id)),
    );
    expect(orders).toHaveLength(before);
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    await expect(stopSandbox(world.ports, OWNER, world.sandbox.id)).resolves.toMatchObject({
      desired: 'stopped',
    });
  });

  it('is not stopped either by who looked before the task was there', async () => {
    const { store } = world.ports;
    let task: Task | undefined;
    const ports = {
      ...world.ports,
      store: {
        ...store,
        commit: async (...changes: readonly Change[]) => {
          task ??= await world.submit();
          await store.commit(...changes);
        },
      },
    };
    await expect(stopSandbox(ports, OWNER, world.sandbox.id)).rejects.toEqual(failure('task_in_progress'));
    expect(await sandboxNow()).toMatchObject({ desired: 'running', activeTaskId: task?.id });
  });

  it('is deleted, and the task stays on record', async () => {
    const task = await world.submit();
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    world.advance(2 * MINUTE_MS);
    await world.sync();
    expect(await world.row(task)).toMatchObject({ status: 'failed' });
    expect(await listTasks(world.ports, OWNER, world.sandbox.id, { limit: 5 })).toHaveLength(1);
  });
});

describe('What a task left behind', () => {
  it.each([
    ['log', readTaskLog, 'raw output of the agent'],
    ['diff', readTaskDiff, '+++ b/src/App.tsx'],
  ])('is read where its sandbox is (%s), and gone with it', async (what, read, text) => {
    const task = await world.submit();
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    const kept = () => read(world.ports, OWNER, world.sandbox.id, task.id);
    expect(new TextDecoder().decode(await kept())).toContain(text);
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    await expect(kept()).rejects.toEqual(failure('not_found', new RegExp(`gone, and the task's ${what}`)));
  });

  it('is listed for a sandbox that never was as if there were none', async () => {
    const listed = listTasks(world.ports, OWNER, world.ports.newId(), { limit: 5 });
    await expect(listed).rejects.toEqual(failure('not_found', /sandbox/));
  });
});

describe('What a submission says', () => {
  it.each([
    ['prompt', {}],
    ['prompt', { prompt: '' }],
    ['prompt', { prompt: ' \n\t ' }],
    ['prompt', { prompt: 7 }],
    ['prompt', { prompt: 'a\0b' }],
    ['prompt', { prompt: 'x'.repeat(200_001) }],
    ['agent', { prompt: 'x', agent: 'nobody' }],
    ['model', { prompt: 'x', model: 'a b' }],
    ['model', { prompt: 'x', model: 'm\n' }],
    ['model', { prompt: 'x', model: 'm'.repeat(201) }],
    ['timeout_s', { prompt: 'x', timeout_s: -1 }],
    ['timeout_s', { prompt: 'x', timeout_s: 86_401 }],
    ['timeout_s', { prompt: 'x', timeout_s: 1.5 }],
    ['timeout_s', { prompt: 'x', timeout_s: '60' }],
    ['continue', { prompt: 'x', continue: 'yes' }],
  ])('is refused with the name of the field: %s (%#)', (field, input) => {
    expect(() => parse(input)).toThrow(failure('invalid_request', new RegExp(`^${field}: `)));
  });

  it('names the agents there are when it asks for another', () => {
    expect(() => parse({ prompt: 'x', agent: 'nobody' })).toThrow(/opencode, claude-code, codex/);
  });

  it.each([
    { timeout_s: 0 },
    { timeout_s: 86_400 },
    { prompt: 'x'.repeat(200_000) },
    { model: 'm'.repeat(200) },
  ])('is taken at its limits (%#)', (input) => {
    expect(() => parse({ prompt: 'x', ...input })).not.toThrow();
  });
});
