import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/domain/credential.ts';
import type { TaskEnd } from '../../src/domain/node.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import { NO_USAGE, type Task } from '../../src/domain/task.ts';
import { SUCCEEDED } from '../fakes/fake-tasks.ts';
import {
  aReport,
  aSandbox,
  anApp,
  anEvent,
  anObservation,
  aTask,
  newId,
  NODE,
  OWNER,
  STRANGER,
} from '../fakes/rows.ts';

const LATER = Date.UTC(2026, 0, 1, 13);
const PAGE = { limit: 50 };
const ENDED: TaskEnd = { outcome: SUCCEEDED, usage: { ...NO_USAGE, input: 7, total: 7, cost: 0.25 } };
const FAILED: TaskEnd = {
  outcome: { ...SUCCEEDED, status: 'failed', failure_reason: 'agent_error', error_message: 'It "broke".' },
  usage: NO_USAGE,
};

const inserted = (task: Task): Change => ({ kind: 'task.insert', task });
const ended = ({ id, nodeId }: Task, end = ENDED): Change => ({ kind: 'task.end', nodeId, id, end });
const withdrawn = ({ id, owner }: Task): Change => ({ kind: 'task.withdraw', owner, id });
const key = (fields: Partial<Credential> = {}): Credential => ({
  owner: OWNER,
  provider: 'anthropic',
  sealed: 'sealed-1',
  updatedAt: LATER,
  ...fields,
});
const put = (credential: Credential): Change => ({ kind: 'credential.put', credential });
const inProgress = expect.objectContaining({ name: 'SandboxdError', code: 'task_in_progress' });

/** What every {@link Store} does with tasks and with keys of providers. */
export function taskStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const find = ({ owner, id }: Task) => current().tasks.find(owner, id);
  const insert = async (fields: Partial<Task> = {}): Promise<Task> => {
    const task = aTask(fields);
    await commit(inserted(task));
    return task;
  };

  describe('tasks', () => {
    it('are read back as they were written', async () => {
      const plain = await insert();
      const full = await insert({
        appId: newId(),
        prompt: 'Ünïcode 🚀\n"quotes" and \'quotes\'; DROP TABLE tasks; --',
        agent: 'codex',
        provider: 'openai-compatible',
        model: 'meta/llama-4',
        timeoutSeconds: 86_400,
      });
      expect(await find(plain)).toEqual(plain);
      expect(await find(full)).toEqual(full);
    });

    it('are listed newest first and in pages, of an owner, a sandbox or an app', async () => {
      const [appId, sandboxId] = [newId(), newId()];
      const made: Task[] = [];
      for (let index = 0; index < 12; index += 1) {
        const of = { ...(index % 2 === 0 && { appId }), ...(index % 3 === 0 && { sandboxId }) };
        const task = await insert(of);
        await commit(ended(task));
        made.push({ ...task, ...ENDED, status: 'succeeded' });
      }
      for (const filter of [{}, { appId }, { sandboxId }, { appId, sandboxId }]) {
        const seen: Task[] = [];
        for (let before: string | undefined; ; before = seen.at(-1)?.id) {
          const page = await current().tasks.list(OWNER, { ...filter, before, limit: 3 });
          if (page.length === 0) break;
          seen.push(...page);
        }
        const matching = made.filter((task) =>
          Object.entries(filter).every(([key, value]) => task[key as 'appId'] === value),
        );
        expect(seen).toEqual(matching.toReversed());
      }
    });

    it('run one at a time in a sandbox', async () => {
      const first = await insert();
      const second = aTask({ sandboxId: first.sandboxId });
      const event = anEvent();
      await expect(commit({ kind: 'event', event }, inserted(second))).rejects.toEqual(inProgress);
      expect(await find(second)).toBeUndefined();
      expect(await current().events.list(OWNER, PAGE)).toEqual([]);
      await insert();
      await commit(ended(first), inserted(second));
      expect(await find(second)).toEqual(second);
    });

    it('keep their sandbox from being ordered to stop, and from nothing else', async () => {
      const app = anApp();
      const sandbox = aSandbox({ appId: app.id });
      await commit({ kind: 'app.insert', app }, { kind: 'sandbox.insert', sandbox });
      const task = await insert({ sandboxId: sandbox.id });
      const ordered = async (desired: Sandbox['desired']) => {
        await commit({ kind: 'sandbox.order', owner: OWNER, id: sandbox.id, desired, at: LATER });
        const row = await current().sandboxes.findOrdered(OWNER, sandbox.id);
        return [row?.desired, row?.generation];
      };
      const { generation } = sandbox;
      expect(await ordered('stopped')).toEqual(['running', generation]);
      expect(await ordered('running')).toEqual(['running', generation + 1]);
      await commit(ended(task));
      expect(await ordered('stopped')).toEqual(['stopped', generation + 2]);
      await insert({ sandboxId: sandbox.id });
      expect(await ordered('absent')).toEqual(['absent', generation + 3]);
    });

    it('run one at a time also when many are submitted at once', async () => {
      const sandboxId = newId();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => commit(inserted(aTask({ sandboxId })))),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused).toHaveLength(19);
      for (const { reason } of refused) expect(reason).toEqual(inProgress);
      expect(await current().tasks.list(OWNER, { ...PAGE, sandboxId })).toHaveLength(1);
    });

    it('end once, with what they came to', async () => {
      const task = await insert();
      await commit(ended(task));
      const known = { ...task, ...ENDED, status: 'succeeded' };
      expect(await find(task)).toEqual(known);
      await commit(ended(task), ended(task, FAILED));
      expect(await find(task)).toEqual(known);
    });

    it('are ended by their own node alone', async () => {
      const task = await insert({ nodeId: 'node-2' });
      await commit({ kind: 'task.end', nodeId: NODE, id: task.id, end: ENDED });
      expect(await find(task)).toEqual(task);
    });

    it('leave nothing when they are withdrawn, unless they have ended', async () => {
      const [refused, over] = [await insert(), await insert()];
      await commit(ended(over), withdrawn(refused), withdrawn(over));
      expect(await find(refused)).toBeUndefined();
      expect(await find(over)).toMatchObject({ status: 'succeeded' });
      await insert({ sandboxId: refused.sandboxId });
    });

    it('are known to their node while they run, whoever owns them', async () => {
      const mine = await insert();
      const theirs = await insert({ owner: STRANGER });
      const over = await insert();
      await insert({ nodeId: 'node-2' });
      await commit(ended(over));
      expect(await current().tasks.runningOn(NODE)).toEqual(
        [mine, theirs].map(({ id, owner, appId, sandboxId, nodeId, createdAt }) => ({
          id,
          owner,
          appId,
          sandboxId,
          nodeId,
          createdAt,
        })),
      );
    });

    it('stay when their sandbox and app go, and their ends are still told', async () => {
      const app = anApp();
      const sandbox = aSandbox({ appId: app.id });
      const task = aTask({ appId: app.id, sandboxId: sandbox.id });
      await commit({ kind: 'app.insert', app }, { kind: 'sandbox.insert', sandbox }, inserted(task));
      await commit(
        { kind: 'app.delete', owner: OWNER, id: app.id },
        {
          kind: 'sandbox.observed',
          nodeId: NODE,
          observation: anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' }),
          at: LATER,
        },
      );
      const report = aReport(1, sandbox.id, { type: 'task.failed', taskId: task.id, ended: FAILED });
      await commit({ kind: 'report', nodeId: NODE, eventId: newId(), report }, ended(task, FAILED));
      expect(await find(task)).toMatchObject({ status: 'failed', ...FAILED });
      expect(await current().tasks.list(OWNER, { ...PAGE, appId: app.id })).toHaveLength(1);
      expect(await current().events.list(OWNER, { ...PAGE, taskId: task.id })).toMatchObject([
        { type: 'task.failed', appId: app.id, sandboxId: sandbox.id, taskId: task.id },
      ]);
    });
  });

  describe('a sandbox', () => {
    it('shows the task that runs in it, whichever way it is read', async () => {
      const project = { id: 'p', userId: 'u' };
      const sandbox = aSandbox({ project });
      await commit({ kind: 'sandbox.insert', sandbox }, { kind: 'sandbox.insert', sandbox: aSandbox() });
      const read = async (): Promise<(Sandbox | undefined)[]> => {
        const { sandboxes } = current();
        const one = (rows: Sandbox[]) => rows.find(({ id }) => id === sandbox.id);
        return [
          await sandboxes.find(OWNER, sandbox.id),
          await sandboxes.findOrdered(OWNER, sandbox.id),
          await sandboxes.findByProject(OWNER, project),
          one(await sandboxes.list(OWNER, PAGE)),
          one(await sandboxes.ofNode(NODE)),
        ];
      };
      const over = await insert({ sandboxId: sandbox.id });
      await commit(ended(over));
      expect(await read()).toEqual(Array.from({ length: 5 }, () => sandbox));
      const { id: activeTaskId } = await insert({ sandboxId: sandbox.id });
      expect(await read()).toEqual(Array.from({ length: 5 }, () => ({ ...sandbox, activeTaskId })));
      const listed = await current().sandboxes.list(OWNER, PAGE);
      expect(listed.filter((row) => row.activeTaskId !== undefined)).toHaveLength(1);
    });
  });

  describe("a task's timeline", () => {
    it('is paged without gap or repetition', async () => {
      const taskId = newId();
      const events = Array.from({ length: 10 }, (_, index) =>
        anEvent({ sandboxId: newId(), ...(index % 2 === 0 && { taskId }) }),
      );
      await commit(...events.map((event) => ({ kind: 'event', event }) as const));
      const ofTask = events.filter((event) => event.taskId === taskId).toReversed();
      const first = await current().events.list(OWNER, { taskId, limit: 2 });
      const rest = await current().events.list(OWNER, { taskId, limit: 9, before: first[1]?.id });
      expect([...first, ...rest]).toEqual(ofTask);
    });
  });

  describe('keys of providers', () => {
    it('are one for an owner and provider: a new one takes the place of the old', async () => {
      await commit(put(key()), put(key({ provider: 'openai', sealed: 'sealed-2' })));
      const newer = key({ sealed: 'sealed-3', updatedAt: LATER + 1 });
      await commit(put(newer));
      expect(await current().credentials.find(OWNER, 'anthropic')).toEqual(newer);
      expect(await current().credentials.list(OWNER)).toEqual([
        { provider: 'anthropic', updatedAt: LATER + 1 },
        { provider: 'openai', updatedAt: LATER },
      ]);
    });

    it('are gone when they are deleted, and only those of the owner', async () => {
      await commit(put(key()), put(key({ owner: STRANGER, sealed: 'theirs' })));
      const deleted: Change = { kind: 'credential.delete', owner: OWNER, provider: 'anthropic' };
      await commit(deleted, deleted);
      expect(await current().credentials.find(OWNER, 'anthropic')).toBeUndefined();
      expect(await current().credentials.list(OWNER)).toEqual([]);
      expect(await current().credentials.find(STRANGER, 'anthropic')).toMatchObject({ sealed: 'theirs' });
    });
  });

  describe("a stranger's reads", () => {
    it('find no task and no key', async () => {
      const task = await insert({ appId: newId() });
      await commit(
        { kind: 'event', event: anEvent({ taskId: task.id }) },
        {
          kind: 'credential.put',
          credential: { owner: OWNER, provider: 'openai', sealed: 's', updatedAt: LATER },
        },
        { kind: 'task.withdraw', owner: STRANGER, id: task.id },
      );
      const { sandboxId, appId } = task;
      const { tasks, events, credentials } = current();
      expect(await tasks.find(STRANGER, task.id)).toBeUndefined();
      for (const of of [{}, { sandboxId }, { appId }])
        expect(await tasks.list(STRANGER, { ...PAGE, ...of })).toEqual([]);
      expect(await events.list(STRANGER, { ...PAGE, taskId: task.id })).toEqual([]);
      expect(await credentials.find(STRANGER, 'openai')).toBeUndefined();
      expect(await credentials.list(STRANGER)).toEqual([]);
      expect(await find(task)).toEqual(task);
    });
  });
}
