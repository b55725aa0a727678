import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, NODE, OWNER } from '../../../tests/fakes/rows.ts';
import type { Store } from '../../domain/store.ts';
import { FileSql } from './file.ts';
import { migrate } from './migrate.ts';
import type { Sql, Statement } from './sql.ts';
import { createStore } from './store.ts';

type Read = (store: Store) => Promise<unknown>;

/** The statements that something consists of. */
async function statementsOf(database: Sql, act: Read) {
  const statements: Statement[] = [];
  const recording: Sql = {
    read: (statement) => {
      statements.push(statement);
      return database.read(statement);
    },
    batch: (batch) => {
      statements.push(...batch);
      return database.batch(batch);
    },
    tx: (work) => database.tx(work),
  };
  await act(createStore(recording));
  return statements;
}

async function planOf(database: Sql, statement: Statement): Promise<string[]> {
  const plan = await database.read<{ detail: string }>({
    ...statement,
    text: `EXPLAIN QUERY PLAN ${statement.text}`,
  });
  return plan.map(({ detail }) => detail);
}

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let database: FileSql;
beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'plans-'));
  database = await FileSql.open(join(directory.path, 'sandboxd.db'));
  await migrate(database);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await directory.remove();
});

const first = { limit: 50 };
const next = { limit: 50, before: newId() };
const ofUser = { externalUserId: 'u' };
const ofApp = { appId: newId() };
const ofSandbox = { sandboxId: newId() };
const ofTask = { taskId: newId() };

describe('Every read finds its rows by an index and in their order', () => {
  it.each([
    ['an app', 'owner=? AND id=?', (store) => store.apps.find(OWNER, newId())],
    ['apps', 'owner=?', (store) => store.apps.list(OWNER, first)],
    ['more apps', 'owner=? AND id<?', (store) => store.apps.list(OWNER, next)],
    [
      "a user's apps",
      'owner=? AND external_user_id=?',
      (store) => store.apps.list(OWNER, { ...first, ...ofUser }),
    ],
    [
      "more of a user's apps",
      'owner=? AND external_user_id=? AND id<?',
      (store) => store.apps.list(OWNER, { ...next, ...ofUser }),
    ],
    ['a sandbox', 'owner=? AND id=?', (store) => store.sandboxes.find(OWNER, newId())],
    ['an ordered sandbox', 'id=?', (store) => store.sandboxes.findOrdered(OWNER, newId())],
    [
      "a project's sandbox",
      'owner=? AND project_id=? AND project_user_id=?',
      (store) => store.sandboxes.findByProject(OWNER, { id: 'p', userId: 'u' }),
    ],
    ['sandboxes', 'owner=?', (store) => store.sandboxes.list(OWNER, first)],
    ['more sandboxes', 'owner=? AND id<?', (store) => store.sandboxes.list(OWNER, next)],
    ["a node's sandboxes", 'node_id=?', (store) => store.sandboxes.ofNode(NODE)],
    ['a timeline', 'owner=?', (store) => store.events.list(OWNER, first)],
    ['more of a timeline', 'owner=? AND id<?', (store) => store.events.list(OWNER, next)],
    [
      "an app's timeline",
      'owner=? AND app_id=?',
      (store) => store.events.list(OWNER, { ...first, ...ofApp }),
    ],
    [
      "more of an app's timeline",
      'owner=? AND app_id=? AND id<?',
      (store) => store.events.list(OWNER, { ...next, ...ofApp }),
    ],
    [
      "a sandbox's timeline",
      'owner=? AND sandbox_id=?',
      (store) => store.events.list(OWNER, { ...first, ...ofSandbox }),
    ],
    [
      "more of a sandbox's timeline",
      'owner=? AND sandbox_id=? AND id<?',
      (store) => store.events.list(OWNER, { ...next, ...ofApp, ...ofSandbox }),
    ],
    [
      "a task's timeline",
      'owner=? AND task_id=?',
      (store) => store.events.list(OWNER, { ...first, ...ofTask }),
    ],
    [
      "more of a task's timeline",
      'owner=? AND task_id=? AND id<?',
      (store) => store.events.list(OWNER, { ...next, ...ofSandbox, ...ofTask }),
    ],
    ['a task', 'id=?', (store) => store.tasks.find(OWNER, newId())],
    ['tasks', 'owner=?', (store) => store.tasks.list(OWNER, first)],
    ['more tasks', 'owner=? AND id<?', (store) => store.tasks.list(OWNER, next)],
    ["an app's tasks", 'owner=? AND app_id=?', (store) => store.tasks.list(OWNER, { ...first, ...ofApp })],
    [
      "more of an app's tasks",
      'owner=? AND app_id=? AND id<?',
      (store) => store.tasks.list(OWNER, { ...next, ...ofApp }),
    ],
    [
      "a sandbox's tasks",
      'owner=? AND sandbox_id=?',
      (store) => store.tasks.list(OWNER, { ...first, ...ofSandbox }),
    ],
    [
      "more of a sandbox's tasks",
      'owner=? AND sandbox_id=? AND id<?',
      (store) => store.tasks.list(OWNER, { ...next, ...ofSandbox }),
    ],
    ["a node's running tasks", 'node_id=?', (store) => store.tasks.runningOn(NODE)],
    ["a node's replacing sandboxes", 'node_id=?', (store) => store.sandboxes.replacing(NODE)],
    [
      "a snapshot's new sandbox",
      'from_snapshot_id=?',
      (store) => store.sandboxes.beingMadeFrom(OWNER, newId()),
    ],
    ['a snapshot', 'id=?', (store) => store.snapshots.find(OWNER, newId())],
    ['snapshots', 'owner=?', (store) => store.snapshots.list(OWNER, first)],
    ['more snapshots', 'owner=? AND id<?', (store) => store.snapshots.list(OWNER, next)],
    [
      "an app's snapshots",
      'owner=? AND source_app_id=?',
      (store) => store.snapshots.list(OWNER, { ...first, ...ofApp }),
    ],
    [
      "more of an app's snapshots",
      'owner=? AND source_app_id=? AND id<?',
      (store) => store.snapshots.list(OWNER, { ...next, ...ofApp }),
    ],
    ["a capture's parent", 'id=?', (store) => store.snapshots.parentOf(OWNER, newId())],
    ["a node's captures", 'node_id=?', (store) => store.snapshots.capturingOn(NODE)],
    ["a node's discarded snapshots", 'node_id=?', (store) => store.snapshots.discardedOn(NODE)],
    ['a key', 'owner=? AND provider=?', (store) => store.credentials.find(OWNER, 'anthropic')],
    ["an owner's keys", 'owner=?', (store) => store.credentials.list(OWNER)],
    ['a token', 'hash=?', (store) => store.identity.token('h')],
    ['a session', 'hash=?', (store) => store.identity.session('h')],
    ["a node's acknowledgement", 'id=?', (store) => store.nodes.acknowledged(NODE)],
    ["an app's config", 'app_id=?', (store) => store.config.list(OWNER, newId())],
    ['an item of config', 'app_id=? AND key=?', (store) => store.config.find(OWNER, newId(), 'k')],
    ["an app's revision", 'id=?', (store) => store.config.revision(newId())],
    ["a node's revisions", 'node_id=?', (store) => store.config.revisionsOn(NODE)],
    ['the settings', 'name=?', (store) => store.settings.lifecycle()],
    ['webhooks', 'owner=?', (store) => store.webhooks.list(OWNER)],
    ['a webhook', 'id=?', (store) => store.webhooks.find(OWNER, newId())],
    [
      'deliveries',
      'webhook_id=? AND event_id<?',
      (store) => store.webhooks.deliveries(OWNER, { ...next, webhookId: newId() }),
    ],
    [
      'dead deliveries',
      'webhook_id=? AND status=? AND event_id<?',
      (store) => store.webhooks.deliveries(OWNER, { ...next, webhookId: newId(), status: 'dead' }),
    ],
    [
      'a delivery',
      'webhook_id=? AND event_id=?',
      (store) => store.webhooks.delivery(OWNER, newId(), newId()),
    ],
    ["more of everybody's audit log", 'id<?', (store) => store.audit.list(next)],
    [
      "more of an owner's audit log",
      'owner=? AND id<?',
      (store) => store.audit.list({ ...next, owner: OWNER }),
    ],
    ['a request by its key', 'owner=? AND key=?', (store) => store.idempotency.find(OWNER, 'k', 0)],
    ["an owner's tokens", 'owner=?', (store) => store.identity.tokens(OWNER)],
    ['a password', 'owner=?', (store) => store.identity.password(OWNER)],
    ['failed logins', 'scope=?', (store) => store.identity.loginFailures('all', 0)],
  ] satisfies [string, string, Read][])('of %s', async (_, seek, read) => {
    const [statement] = await statementsOf(database, read);
    expect.assert(statement !== undefined);
    // A subquery is announced by a line of its own.
    const steps = (await planOf(database, statement)).filter((detail) => !detail.startsWith('CORRELATED'));
    expect(steps[0]).toContain(`(${seek})`);
    for (const step of steps) expect(step).toMatch(/^SEARCH .* USING ((COVERING )?INDEX|PRIMARY KEY)/);
  });
});

/** Takes many things at once, and has to find them among many more. */
const sweeping: readonly (readonly [string, readonly string[], Read])[] = [
  [
    'a timeline of some types',
    ['events_of_type (owner=? AND type=? AND id<?)'],
    (store) => store.events.list(OWNER, { ...next, types: ['app.created', 'task.failed'] }),
  ],
  [
    "an app's timeline of some types",
    ['events_of_app_and_type (owner=? AND app_id=? AND type=? AND id<?)'],
    (store) => store.events.list(OWNER, { ...next, ...ofApp, types: ['app.created', 'task.failed'] }),
  ],
  [
    'what is due to be sent',
    ['webhook_deliveries_due (next_attempt_at<?)'],
    (store) => store.webhooks.take(1, 2, 3, [newId()]),
  ],
  [
    'whether anything is old',
    ['(owner=? AND id<?)', 'audit_entries USING PRIMARY KEY (id<?)'],
    (store) => store.events.hasBefore(1),
  ],
  [
    'what is old',
    ['events USING PRIMARY KEY (owner=? AND id<?)', 'audit_entries_of_owner (owner=? AND id<?)'],
    (store) => store.commit({ kind: 'history.expire', before: 1, limit: 2 }),
  ],
  [
    'what is left over',
    ['webhook_deliveries_ended (ended_at>? AND ended_at<?)', 'idempotent_requests_by_age (created_at<?)'],
    (store) => store.commit({ kind: 'leftovers.expire', deliveriesBefore: 1, requestsBefore: 1 }),
  ],
  [
    'old failed logins',
    ['login_failures_by_age (last_at<?)'],
    (store) => store.commit({ kind: 'login.failed', scopes: ['all'], at: 1, since: 1 }),
  ],
  [
    "an owner's sessions",
    ['sessions_of_owner (owner=?)'],
    (store) => store.commit({ kind: 'sessions.delete', owner: OWNER, exceptHash: 'h' }),
  ],
  [
    'sealed values',
    ['((app_id,key)>(?,?))', '((owner,provider)>(?,?))', '((owner,key)>(?,?))', '(id>?)'],
    (store) => store.sealed.others('k', 5),
  ],
];

describe('What takes many things at once', () => {
  it.each(sweeping)('finds %s by an index, and walks no table', async (_, seeks, act) => {
    const statements = await statementsOf(database, act);
    const steps = (await Promise.all(statements.map((one) => planOf(database, one)))).flat();
    for (const seek of seeks) expect(steps).toContainEqual(expect.stringContaining(seek));
    // What a query has found so far may be walked: owners, a page, a list that was given.
    const walked = steps.filter((step) => step.startsWith('SCAN'));
    for (const step of walked)
      expect(step).toMatch(/^SCAN (owners|d|\(subquery-\d+\)|json_each .*|CONSTANT ROW)$/);
  });
});
