import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHranaServer } from '../../../tests/doubles/hrana-server.ts';
import {
  aConfigItem,
  anApp,
  anEvent,
  aSandbox,
  aTask,
  aWebhook,
  newId,
  OWNER,
} from '../../../tests/fakes/rows.ts';
import type { Change } from '../../domain/store.ts';
import { FileSql } from './file.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { remoteSql } from './remote.ts';
import { type Sql, sql } from './sql.ts';
import { createStore } from './store.ts';

const addNotes: Migration = {
  version: 1,
  statements: [sql`CREATE TABLE notes (text TEXT)`, sql`INSERT INTO notes VALUES ('first')`],
};
const addAuthor: Migration = {
  version: 2,
  statements: [sql`ALTER TABLE notes ADD COLUMN author TEXT`, sql`INSERT INTO notes VALUES ('second', 'me')`],
};
const broken: Migration = {
  version: 3,
  statements: [sql`CREATE TABLE more (a)`, sql`CREATE TABLE notes (a)`],
};

const notes = async (database: Sql) =>
  (await database.read<{ text: string }>(sql`SELECT text FROM notes ORDER BY rowid`)).map(({ text }) => text);
const tables = (database: Sql) => database.read(sql`SELECT name FROM sqlite_master WHERE type = 'table'`);

describe.each(['file', 'remote'] as const)('Migrating a database (%s)', (kind) => {
  const cleanup = new Set<AsyncDisposable>();
  let connect: () => Promise<Sql>;
  beforeEach(async () => {
    const directory = await mkdtempDisposable(join(tmpdir(), 'migrate-'));
    cleanup.add(directory);
    const path = join(directory.path, 'sandboxd.db');
    if (kind === 'remote') {
      const server = await startHranaServer({ path });
      cleanup.add(server);
      connect = async () => remoteSql({ url: server.url });
    } else {
      connect = async () => {
        const database = await FileSql.open(path);
        cleanup.add(database);
        return database;
      };
    }
  });
  afterEach(async () => {
    for (const one of [...cleanup].toReversed()) await one[Symbol.asyncDispose]();
    cleanup.clear();
  });

  it('applies every step once and in order', async () => {
    const database = await connect();
    await migrate(database, [addNotes]);
    await migrate(database, [addNotes, addAuthor]);
    await migrate(database, [addNotes, addAuthor]);
    expect(await notes(database)).toEqual(['first', 'second']);
  });

  it('applies every step once when many start at the same moment', async () => {
    const databases = await Promise.all(Array.from({ length: 5 }, connect));
    await Promise.all(databases.map((database) => migrate(database, [addNotes, addAuthor])));
    for (const database of databases) expect(await notes(database)).toEqual(['first', 'second']);
  });

  it('keeps nothing of an upgrade that fails', async () => {
    const database = await connect();
    await migrate(database, [addNotes]);
    const before = await tables(database);
    await expect(migrate(database, [addNotes, addAuthor, broken])).rejects.toThrow(/already exists/);
    expect(await tables(database)).toEqual(before);
    expect(await notes(database)).toEqual(['first']);
    await migrate(database, [addNotes, addAuthor]);
    expect(await notes(database)).toEqual(['first', 'second']);
  });

  it('refuses a database newer than the program, and leaves it as it is', async () => {
    const database = await connect();
    await migrate(database, [addNotes, addAuthor]);
    const opening = migrate(database, [addNotes]);
    await expect(opening).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/version 2.*up to 1/),
    });
    expect(await notes(database)).toEqual(['first', 'second']);
  });
});

describe('The migrations', () => {
  it('keep what a database of the first version holds', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'migrate-'));
    await using database = await FileSql.open(join(directory.path, 'sandboxd.db'));
    await migrate(database, MIGRATIONS.slice(0, 1));
    const sandbox = aSandbox();
    const event = anEvent({ sandboxId: sandbox.id });
    await database.batch([
      sql`INSERT INTO sandboxes (id, owner, node_id, template, ports, visibility, idle_policy, desired, generation,
          revision, status, paused, created_at, updated_at)
        VALUES (${sandbox.id}, ${OWNER}, ${sandbox.nodeId}, ${sandbox.template}, ${JSON.stringify(sandbox.ports)},
          ${sandbox.visibility}, ${sandbox.idlePolicy}, ${sandbox.desired}, ${sandbox.generation},
          ${sandbox.revision}, ${sandbox.status}, 0, ${sandbox.createdAt}, ${sandbox.updatedAt})`,
      sql`INSERT INTO events (id, owner, type, severity, message, sandbox_id, created_at)
        VALUES (${event.id}, ${OWNER}, ${event.type}, ${event.severity}, ${event.message}, ${sandbox.id},
          ${event.createdAt})`,
    ]);
    await migrate(database);
    const store = createStore(database);
    expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual(sandbox);
    expect(await store.events.list(OWNER, { sandboxId: sandbox.id, limit: 5 })).toEqual([event]);
  });

  it('keep what a database of the second version holds, work that is under way included', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'migrate-'));
    await using database = await FileSql.open(join(directory.path, 'sandboxd.db'));
    await migrate(database, MIGRATIONS.slice(0, 2));
    const app = anApp();
    const task = aTask({ appId: app.id });
    const sandbox = aSandbox({ id: task.sandboxId, appId: app.id, status: 'running' });
    const going = aSandbox({ appId: app.id, desired: 'absent', status: 'stopped' });
    const event = anEvent({ appId: app.id, sandboxId: sandbox.id, taskId: task.id });
    await database.batch([
      sql`INSERT INTO apps (id, owner, name, description, tags, created_at, updated_at)
        VALUES (${app.id}, ${OWNER}, ${app.name}, '', '[]', ${app.createdAt}, ${app.updatedAt})`,
      ...[going, sandbox].map(
        (row) => sql`
          INSERT INTO sandboxes (id, owner, app_id, node_id, template, ports, visibility, idle_policy, desired,
            generation, revision, status, paused, created_at, updated_at)
          VALUES (${row.id}, ${OWNER}, ${app.id}, ${row.nodeId}, ${row.template}, ${JSON.stringify(row.ports)},
            ${row.visibility}, ${row.idlePolicy}, ${row.desired}, 1, 1, ${row.status}, 0, ${row.createdAt},
            ${row.updatedAt})`,
      ),
      sql`INSERT INTO tasks (id, owner, app_id, sandbox_id, node_id, status, prompt, agent, provider, timeout_seconds,
          created_at)
        VALUES (${task.id}, ${OWNER}, ${app.id}, ${task.sandboxId}, ${task.nodeId}, 'running', ${task.prompt},
          ${task.agent}, ${task.provider}, ${task.timeoutSeconds}, ${task.createdAt})`,
      sql`INSERT INTO events (id, owner, type, severity, message, app_id, sandbox_id, task_id, created_at)
        VALUES (${event.id}, ${OWNER}, ${event.type}, ${event.severity}, ${event.message}, ${app.id}, ${sandbox.id},
          ${task.id}, ${event.createdAt})`,
    ]);
    await migrate(database);
    const store = createStore(database);
    expect(await store.apps.find(OWNER, app.id)).toEqual({ ...app, currentSandboxId: sandbox.id });
    expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual({ ...sandbox, activeTaskId: task.id });
    expect((await store.sandboxes.ofNode(sandbox.nodeId)).map(({ id }) => id)).toEqual([
      sandbox.id,
      going.id,
    ]);
    expect(await store.tasks.find(OWNER, task.id)).toEqual(task);
    expect(await store.events.list(OWNER, { taskId: task.id, limit: 5 })).toEqual([event]);

    const second: Change = { kind: 'sandbox.insert', sandbox: aSandbox({ appId: app.id }) };
    await expect(store.commit(second)).rejects.toMatchObject({ code: 'conflict' });
    const safety = { id: newId(), sandboxId: sandbox.id, live: false };
    const replaces = { sandboxId: sandbox.id, safety };
    const restored: Change = { kind: 'sandbox.insert', sandbox: aSandbox({ appId: app.id, replaces }) };
    await expect(store.commit(restored)).rejects.toMatchObject({ code: 'task_in_progress' });
    await store.commit({ kind: 'task.withdraw', owner: OWNER, id: task.id }, restored);
  });

  it('keep what a database of the third version holds, and let it be added to', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'migrate-'));
    await using database = await FileSql.open(join(directory.path, 'sandboxd.db'));
    await migrate(database, MIGRATIONS.slice(0, 3));
    const app = anApp();
    const event = anEvent({ appId: app.id, snapshotId: newId() });
    const token = { id: newId(), owner: OWNER, name: 'ci', hash: 'h', prefix: 'sbx_a', createdAt: 5 };
    const session = { hash: 'h', owner: OWNER, createdAt: 5, expiresAt: 6 };
    await database.batch([
      sql`INSERT INTO apps (id, owner, name, description, tags, created_at, updated_at)
        VALUES (${app.id}, ${OWNER}, ${app.name}, '', '[]', ${app.createdAt}, ${app.updatedAt})`,
      sql`INSERT INTO events (id, owner, type, severity, message, app_id, snapshot_id, created_at)
        VALUES (${event.id}, ${OWNER}, ${event.type}, ${event.severity}, ${event.message}, ${app.id},
          ${event.snapshotId ?? null}, ${event.createdAt})`,
      sql`INSERT INTO api_tokens (id, owner, name, hash, prefix, created_at)
        VALUES (${token.id}, ${OWNER}, ${token.name}, ${token.hash}, ${token.prefix}, ${token.createdAt})`,
      sql`INSERT INTO sessions (hash, owner, created_at, expires_at) VALUES ('h', ${OWNER}, 5, 6)`,
      sql`INSERT INTO credentials (owner, provider, sealed, updated_at) VALUES (${OWNER}, 'openai', 'sealed-1', 5)`,
    ]);
    await migrate(database);
    const store = createStore(database);
    expect(await store.apps.find(OWNER, app.id)).toEqual(app);
    expect(await store.config.revision(app.id)).toBe(0);
    for (const types of [undefined, [event.type]])
      expect(await store.events.list(OWNER, { appId: app.id, types, limit: 5 })).toEqual([event]);
    expect(await store.identity.tokens(OWNER)).toEqual([token]);
    expect(await store.identity.session('h')).toEqual(session);
    expect((await store.sealed.others('k', 5)).map(({ sealed }) => sealed)).toEqual(['sealed-1']);

    const webhook = aWebhook();
    await store.commit(
      { kind: 'config.insert', item: aConfigItem({ appId: app.id }) },
      { kind: 'webhook.insert', webhook },
      { kind: 'event', event },
      { kind: 'event', event: anEvent() },
    );
    expect(await store.config.revision(app.id)).toBe(1);
    expect(await store.webhooks.take(Date.now(), Date.now() + 1, 5, [])).toHaveLength(1);
  });

  it('are numbered from 1 without gaps', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });
});
