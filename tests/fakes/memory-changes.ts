import { notFound, SandboxdError } from '../../src/domain/errors.ts';
import { mayBecome, type Sandbox } from '../../src/domain/sandbox.ts';
import type { Change, ChangeOf } from '../../src/domain/store.ts';
import type { Task } from '../../src/domain/task.ts';
import { given, matches } from './memory-rows.ts';
import { type Appliers, insertNew, removeWhere, type State } from './memory-state.ts';

export const runningTasks = ({ tasks }: State): Task[] =>
  [...tasks.values()].filter(({ status }) => status === 'running');

export const isLive = (row: Sandbox): boolean => row.desired !== 'absent';

export const isSameProject = (one: Sandbox['project'], other: Sandbox['project']): boolean =>
  one !== undefined && one.id === other?.id && one.userId === other.userId;

function order({ sandboxes }: State, id: string, desired: Sandbox['desired'], at?: number): void {
  const row = sandboxes.get(id);
  if (row === undefined || !isLive(row)) return;
  const { generation, revision, updatedAt } = row;
  const numbers = { generation: generation + 1, revision: revision + 1, updatedAt: at ?? updatedAt };
  sandboxes.set(id, { ...row, desired, ...numbers });
}

const liveSandboxes = ({ sandboxes }: State): Sandbox[] => [...sandboxes.values()].filter(isLive);

const hasTask = (state: State, sandboxId: string): boolean =>
  runningTasks(state).some((task) => task.sandboxId === sandboxId);

const atWork = () => new SandboxdError('task_in_progress', 'A task is running in this sandbox.');

function requireReplaceable(state: State, sandbox: Sandbox, otherId: string): void {
  const other = liveSandboxes(state).find(({ id }) => id === otherId);
  const isOwn = other !== undefined && other.appId === sandbox.appId && other.replaces === undefined;
  if (!isOwn || other.appId === undefined || other.owner !== sandbox.owner)
    throw new SandboxdError('conflict', "It is not its app's own sandbox.");
  if (hasTask(state, otherId)) throw atWork();
}

/** One live sandbox of an app is its own, one of a project, and one takes the place of another. */
function requireOnlyOne(state: State, sandbox: Sandbox): void {
  for (const row of liveSandboxes(state).filter(({ id }) => id !== sandbox.id)) {
    const areOwn = row.replaces === undefined && sandbox.replaces === undefined;
    const sameApp = sandbox.appId !== undefined && row.appId === sandbox.appId;
    const sameProject = row.owner === sandbox.owner && isSameProject(row.project, sandbox.project);
    if ((sameApp && areOwn) || sameProject)
      throw new SandboxdError('conflict', 'It already has a live sandbox.');
    const goal = sandbox.replaces?.sandboxId;
    if (goal !== undefined && goal === row.replaces?.sandboxId)
      throw new SandboxdError('conflict', 'It is being restored already.');
  }
}

function observe(state: State, row: Sandbox, { observation, at }: ChangeOf<'sandbox.observed'>): void {
  if (observation.state === 'absent') {
    if (!isLive(row)) state.gone.add(row.id);
    return;
  }
  const status = observation.state === 'paused' ? 'running' : observation.state;
  if (!mayBecome(row.status, status)) return;
  const paused = observation.state === 'paused';
  const errorMessage = status === 'error' ? observation.errorMessage : undefined;
  const same = row.status === status && row.paused === paused && row.errorMessage === errorMessage;
  const lastActiveAt = Math.max(row.lastActiveAt ?? 0, observation.lastActiveAt ?? 0) || undefined;
  const updatedAt = same ? row.updatedAt : at;
  state.sandboxes.set(row.id, { ...row, status, paused, errorMessage, lastActiveAt, updatedAt });
}

type Kind = Extract<
  Change['kind'],
  `app.${string}` | `sandbox.${string}` | `snapshot.${string}` | `task.${string}`
>;

/** What is done to apps, sandboxes, snapshots and tasks. */
export const mainChanges: Appliers<Kind> = {
  'app.insert': ({ apps }, { app }) => insertNew(apps, app.id, app),
  'app.update': ({ apps }, { owner, id, set, at }) => {
    const app = apps.get(id);
    if (app?.owner === owner) apps.set(id, { ...app, ...given(set), updatedAt: at });
  },
  'app.delete': (state, { owner, id }) => {
    if (state.apps.get(id)?.owner !== owner) return;
    for (const row of state.sandboxes.values()) if (row.appId === id) order(state, row.id, 'absent');
    for (const row of state.snapshots.values())
      if (matches(row, { sourceAppId: id, status: 'capturing', cause: 'safety' }))
        state.discarded.add(row.id);
    state.apps.delete(id);
    removeWhere(state.config, ({ appId }) => appId === id);
    state.configRevisions.delete(id);
  },
  'sandbox.insert': (state, { sandbox }) => {
    if (sandbox.appId !== undefined && state.apps.get(sandbox.appId)?.owner !== sandbox.owner)
      throw notFound('app');
    if (sandbox.replaces !== undefined) requireReplaceable(state, sandbox, sandbox.replaces.sandboxId);
    requireOnlyOne(state, sandbox);
    insertNew(state.sandboxes, sandbox.id, sandbox);
  },
  'sandbox.replaced': (state, { owner, id, at }) => {
    const row = state.sandboxes.get(id);
    if (row?.owner !== owner || !isLive(row) || row.replaces === undefined) return;
    order(state, row.replaces.sandboxId, 'absent', at);
    const { replaces, ...own } = row;
    const other = state.sandboxes.get(replaces.sandboxId) ?? row;
    const { visibility, idlePolicy, keepaliveUntil } = other;
    const settings = { visibility, idlePolicy, keepaliveUntil };
    const settled = { ...own, ...settings, revision: row.revision + 1, updatedAt: at };
    requireOnlyOne(state, settled);
    state.sandboxes.set(id, settled);
  },
  'sandbox.withdraw': (state, { owner, id, at }) => {
    const row = state.sandboxes.get(id);
    if (row?.owner === owner && row.replaces !== undefined) order(state, id, 'absent', at);
  },
  'sandbox.order': (state, { owner, id, desired, at }) => {
    const isBusy = desired === 'stopped' && hasTask(state, id);
    if (state.sandboxes.get(id)?.owner === owner && !isBusy) order(state, id, desired, at);
  },
  'sandbox.update': ({ sandboxes }, { owner, id, set, at }) => {
    const row = sandboxes.get(id);
    if (row?.owner !== owner || !isLive(row)) return;
    sandboxes.set(id, { ...row, ...given(set), revision: row.revision + 1, updatedAt: at });
  },
  'sandbox.observed': (state, change) => {
    const { id, generation } = change.observation;
    const row = state.sandboxes.get(id);
    if (row?.nodeId === change.nodeId && row.generation === generation && !state.gone.has(id)) {
      observe(state, row, change);
    }
  },
  'snapshot.insert': ({ snapshots }, { snapshot }) => insertNew(snapshots, snapshot.id, snapshot),
  'snapshot.end': ({ snapshots }, { nodeId, id, end }) => {
    const row = snapshots.get(id);
    if (row?.nodeId === nodeId && row.status === 'capturing') snapshots.set(id, { ...row, ...end });
  },
  'snapshot.withdraw': ({ snapshots, discarded }, { owner, id }) => {
    const row = snapshots.get(id);
    if (row?.owner === owner && row.status === 'capturing') discarded.add(id);
  },
  'snapshot.discard': ({ snapshots, discarded }, { owner, id }) => {
    const row = snapshots.get(id);
    if (row?.owner === owner) discarded.add(id);
  },
  'snapshot.discarded': ({ snapshots, discarded }, { nodeId, ids }) => {
    for (const id of ids) {
      if (snapshots.get(id)?.nodeId === nodeId && discarded.delete(id)) snapshots.delete(id);
    }
  },
  'task.insert': (state, { task }) => {
    if (hasTask(state, task.sandboxId)) throw atWork();
    if (liveSandboxes(state).some(({ replaces }) => replaces?.sandboxId === task.sandboxId))
      throw new SandboxdError('conflict', "The sandbox's app is being restored.");
    insertNew(state.tasks, task.id, task);
  },
  'task.withdraw': ({ tasks }, { owner, id }) => {
    const task = tasks.get(id);
    if (task?.owner === owner && task.status === 'running') tasks.delete(id);
  },
  'task.end': ({ tasks }, { nodeId, id, end }) => {
    const task = tasks.get(id);
    if (task?.nodeId !== nodeId || task.status !== 'running') return;
    tasks.set(id, { ...task, ...end, status: end.outcome.status });
  },
};
