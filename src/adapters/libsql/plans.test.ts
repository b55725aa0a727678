import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newId, NODE, OWNER } from '../../../tests/fakes/rows.ts';
import type { Store } from '../../domain/store.ts';
import { FileSql } from './file.ts';
import { migrate } from './migrate.ts';
import type { Sql, Statement } from './sql.ts';
import { createStore } from './store.ts';

type Read = (store: Store) => Promise<unknown>;

/** The statements a read consists of. */
async function statementsRead(database: Sql, read: Read) {
  const statements: Statement[] = [];
  const recording: Sql = {
    read: (statement) => {
      statements.push(statement);
      return database.read(statement);
    },
    batch: (batch) => database.batch(batch),
    tx: (work) => database.tx(work),
  };
  await read(createStore(recording));
  return statements;
}

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
  ] satisfies [string, string, Read][])('of %s', async (_, seek, read) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'plans-'));
    await using database = await FileSql.open(join(directory.path, 'sandboxd.db'));
    await migrate(database);
    const [statement] = await statementsRead(database, read);
    expect.assert(statement !== undefined);
    const plan = await database.read<{ detail: string }>({
      ...statement,
      text: `EXPLAIN QUERY PLAN ${statement.text}`,
    });
    // A subquery is announced by a line of its own.
    const steps = plan.map(({ detail }) => detail).filter((detail) => !detail.startsWith('CORRELATED'));
    expect(steps[0]).toContain(`(${seek})`);
    for (const step of steps) expect(step).toMatch(/^SEARCH .* USING ((COVERING )?INDEX|PRIMARY KEY)/);
  });
});
