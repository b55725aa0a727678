import type { Credential } from '../../src/domain/credential.ts';
import type { ApiToken, LoginLink, Session } from '../../src/domain/identity.ts';
import type { App } from '../../src/domain/app.ts';
import { notFound, SandboxdError } from '../../src/domain/errors.ts';
import type { Event } from '../../src/domain/event.ts';
import { mayBecome, SANDBOX_STATUSES, type Sandbox } from '../../src/domain/sandbox.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import type { Task } from '../../src/domain/task.ts';
import { given, matches, newestFirst } from './memory-rows.ts';
import { memorySnapshots } from './memory-snapshot-rows.ts';

interface State {
  readonly apps: Map<string, App>;
  readonly sandboxes: Map<string, Sandbox>;
  /** Sandboxes whose deletion is confirmed: kept in `sandboxes` for late reports only. */
  readonly gone: Set<string>;
  readonly tasks: Map<string, Task>;
  readonly snapshots: Map<string, Snapshot>;
  /** Snapshots whose deletion is ordered. */
  readonly discarded: Set<string>;
  readonly events: Map<string, Event>;
  /** By owner and provider. */
  readonly credentials: Map<string, Credential>;
  /** Node id → sequence number of its last report. */
  readonly acknowledged: Map<string, number>;
  readonly tokens: Map<string, ApiToken>;
  readonly sessions: Map<string, Session>;
  readonly loginLinks: Map<string, LoginLink>;
}

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;
type Appliers = { [Kind in Change['kind']]: (state: State, change: ChangeOf<Kind>) => void };

/** A store that forgets everything when it is dropped; it passes the same contract as the real ones. */
export function memoryStore(): Store {
  let state = emptyState();
  const withTask = (row: Sandbox): Sandbox => {
    const active = runningTasks(state).find((task) => task.sandboxId === row.id);
    return active === undefined ? row : { ...row, activeTaskId: active.id };
  };
  const all = () => [...state.sandboxes.values()].map(withTask);
  const live = () => all().filter(isLive);
  return {
    apps: {
      find: async (owner, id) => {
        const app = state.apps.get(id);
        return app?.owner === owner ? withSandbox(app, live()) : undefined;
      },
      list: async (owner, { externalUserId, before, limit }) =>
        newestFirst(state.apps, before, limit, (app) => {
          return (
            app.owner === owner && (externalUserId === undefined || app.externalUserId === externalUserId)
          );
        }).map((app) => withSandbox(app, live())),
    },
    sandboxes: {
      find: async (owner, id) => live().find((row) => row.owner === owner && row.id === id),
      findOrdered: async (owner, id) => {
        const row = state.sandboxes.get(id);
        return row?.owner === owner && !state.gone.has(id) ? withTask(row) : undefined;
      },
      findByProject: async (owner, project) =>
        live().find((row) => row.owner === owner && isSameProject(row.project, project)),
      list: async (owner, { before, limit }) =>
        newestFirst(state.sandboxes, before, limit, (row) => row.owner === owner && isLive(row)).map(
          withTask,
        ),
      ofNode: async (nodeId) => all().filter((row) => row.nodeId === nodeId && !state.gone.has(row.id)),
      replacing: async (nodeId) =>
        live().filter((row) => row.nodeId === nodeId && row.replaces !== undefined),
      beingMadeFrom: async (owner, fromSnapshotId) =>
        live().find((row) => matches(row, { owner, fromSnapshotId, status: 'creating' })),
      count: async () =>
        Object.fromEntries(
          SANDBOX_STATUSES.map((status) => [status, live().filter((row) => row.status === status).length]),
        ),
    },
    tasks: {
      find: async (owner, id) => {
        const task = state.tasks.get(id);
        return task?.owner === owner ? task : undefined;
      },
      list: async (owner, { before, limit, ...of }) =>
        newestFirst(state.tasks, before, limit, (task) => matches(task, { owner, ...of })),
      runningOn: async (nodeId) =>
        runningTasks(state)
          .filter((task) => task.nodeId === nodeId)
          .map(({ id, owner, appId, sandboxId, createdAt }) => ({
            id,
            owner,
            appId,
            sandboxId,
            nodeId,
            createdAt,
          })),
    },
    snapshots: memorySnapshots(() => state),
    events: {
      list: async (owner, { before, limit, ...of }) =>
        newestFirst(state.events, before, limit, (event) => matches(event, { owner, ...of })),
    },
    credentials: {
      find: async (owner, provider) => state.credentials.get(credentialKey(owner, provider)),
      list: async (owner) =>
        [...state.credentials.values()]
          .filter((credential) => credential.owner === owner)
          .map(({ provider, updatedAt }) => ({ provider, updatedAt }))
          .toSorted((a, b) => (a.provider < b.provider ? -1 : 1)),
    },
    identity: {
      token: async (hash) => state.tokens.get(hash),
      session: async (hash) => state.sessions.get(hash),
      redeemLoginLink: async (hash, now) => {
        const link = state.loginLinks.get(hash);
        if (link === undefined || link.expiresAt <= now) return undefined;
        state.loginLinks.delete(hash);
        return link;
      },
    },
    nodes: { acknowledged: async (nodeId) => state.acknowledged.get(nodeId) ?? 0 },
    commit: async (...changes) => {
      const draft = copyOf(state);
      for (const change of changes) {
        (APPLY[change.kind] as (state: State, change: Change) => void)(draft, change);
      }
      state = draft;
    },
    ping: async () => {},
  };
}

const emptyState = (): State => ({
  apps: new Map(),
  sandboxes: new Map(),
  gone: new Set(),
  tasks: new Map(),
  snapshots: new Map(),
  discarded: new Set(),
  events: new Map(),
  credentials: new Map(),
  acknowledged: new Map(),
  tokens: new Map(),
  sessions: new Map(),
  loginLinks: new Map(),
});

const copyOf = (state: State): State => ({
  apps: new Map(state.apps),
  sandboxes: new Map(state.sandboxes),
  gone: new Set(state.gone),
  tasks: new Map(state.tasks),
  snapshots: new Map(state.snapshots),
  discarded: new Set(state.discarded),
  events: new Map(state.events),
  credentials: new Map(state.credentials),
  acknowledged: new Map(state.acknowledged),
  tokens: new Map(state.tokens),
  sessions: new Map(state.sessions),
  loginLinks: new Map(state.loginLinks),
});

const runningTasks = ({ tasks }: State): Task[] =>
  [...tasks.values()].filter(({ status }) => status === 'running');

const credentialKey = (owner: string, provider: string): string => `${owner} ${provider}`;

const isLive = (row: Sandbox): boolean => row.desired !== 'absent';

const withSandbox = (app: App, live: readonly Sandbox[]): App => ({
  ...app,
  currentSandboxId: live.find((sandbox) => sandbox.appId === app.id && sandbox.replaces === undefined)?.id,
});

const isSameProject = (one: Sandbox['project'], other: Sandbox['project']): boolean =>
  one !== undefined && one.id === other?.id && one.userId === other.userId;

function insertNew<Row>(rows: Map<string, Row>, id: string, row: Row): void {
  if (rows.has(id)) throw new SandboxdError('conflict', 'It exists already.');
  rows.set(id, row);
}

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

/** Says of what happens once what it happens to. */
function onceKey({ type, owner, sandboxId, snapshotId }: Event): string | undefined {
  if (type === 'snapshot.restored' || type === 'snapshot.restore.failed') return `${owner} ${sandboxId}`;
  return type === 'snapshot.deleted' ? `${owner} ${snapshotId}` : undefined;
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

const APPLY: Appliers = {
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
  'credential.put': ({ credentials }, { credential }) => {
    credentials.set(credentialKey(credential.owner, credential.provider), credential);
  },
  'credential.delete': ({ credentials }, { owner, provider }) => {
    credentials.delete(credentialKey(owner, provider));
  },
  event: ({ events }, { event }) => {
    const once = onceKey(event);
    const isKnown = once !== undefined && [...events.values()].some((other) => onceKey(other) === once);
    if (!isKnown && !events.has(event.id)) events.set(event.id, event);
  },
  report: ({ events, sandboxes, acknowledged }, { nodeId, eventId, report }) => {
    if (report.seq <= (acknowledged.get(nodeId) ?? 0)) return;
    acknowledged.set(nodeId, report.seq);
    const row = sandboxes.get(report.sandboxId);
    if (row?.nodeId !== nodeId) return;
    const { type, severity, message, payload, at, taskId, snapshotId } = report;
    const subject = { owner: row.owner, appId: row.appId, sandboxId: row.id, taskId, snapshotId };
    events.set(eventId, { id: eventId, ...subject, type, severity, message, payload, createdAt: at });
  },
  'token.insert': ({ tokens }, { token }) => insertNew(tokens, token.hash, token),
  'session.insert': ({ sessions }, { session }) => insertNew(sessions, session.hash, session),
  'session.delete': ({ sessions }, { hash }) => {
    sessions.delete(hash);
  },
  'login-link.insert': ({ loginLinks }, { link }) => insertNew(loginLinks, link.hash, link),
  'identity.expire': ({ sessions, loginLinks }, { now }) => {
    for (const { hash, expiresAt } of sessions.values()) if (expiresAt < now) sessions.delete(hash);
    for (const { hash, expiresAt } of loginLinks.values()) if (expiresAt < now) loginLinks.delete(hash);
  },
};
