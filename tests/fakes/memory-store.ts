import type { App } from '../../src/domain/app.ts';
import { SANDBOX_STATUSES, type Sandbox } from '../../src/domain/sandbox.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import { isLive, isSameProject, mainChanges, runningTasks } from './memory-changes.ts';
import { configChanges, memoryConfig, memoryCredentials, memorySettings } from './memory-config.ts';
import { historyChanges, memoryAudit, memoryEvents } from './memory-history.ts';
import { identityChanges, memoryIdempotency, memoryIdentity } from './memory-identity.ts';
import { matches, newestFirst } from './memory-rows.ts';
import { memorySealed, sealedChanges } from './memory-sealed.ts';
import { memorySnapshots } from './memory-snapshot-rows.ts';
import { type Appliers, copyOf, emptyState, type State } from './memory-state.ts';
import { memoryWebhooks, webhookChanges } from './memory-webhooks.ts';

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
      count: async () => {
        const byStatus = SANDBOX_STATUSES.map((status) => [status, numberOf(live(), { status })] as const);
        return {
          ...Object.fromEntries(byStatus),
          paused: numberOf(live(), { status: 'running', paused: true }),
        };
      },
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
    events: memoryEvents(() => state),
    credentials: memoryCredentials(() => state),
    config: memoryConfig(() => state),
    settings: memorySettings(() => state),
    webhooks: memoryWebhooks(() => state),
    audit: memoryAudit(() => state),
    idempotency: memoryIdempotency(() => state),
    sealed: memorySealed(() => state),
    identity: memoryIdentity(() => state),
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

const numberOf = (rows: readonly Sandbox[], wanted: Partial<Sandbox>): number =>
  rows.filter((row) => matches(row, wanted)).length;

const withSandbox = (app: App, live: readonly Sandbox[]): App => ({
  ...app,
  currentSandboxId: live.find((sandbox) => sandbox.appId === app.id && sandbox.replaces === undefined)?.id,
});

const APPLY: Appliers<Change['kind']> = {
  ...mainChanges,
  ...configChanges,
  ...sealedChanges,
  ...webhookChanges,
  ...historyChanges,
  ...identityChanges,
};
