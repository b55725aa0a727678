import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newId, NODE, OWNER } from '../../../tests/fakes/rows.ts';
import { FileSql } from './file.ts';
import { migrate } from './migrate.ts';
import type { Sql, Statement } from './sql.ts';
import { createStore } from './store.ts';

/** The statements that `act` reads with. */
async function statementsRead(
  database: Sql,
  act: (store: ReturnType<typeof createStore>) => Promise<unknown>,
) {
  const statements: Statement[] = [];
  const recording: Sql = {
    ...database,
    read: (statement) => {
      statements.push(statement);
      return database.read(statement);
    },
  };
  await act(createStore(recording));
  return statements;
}

const page = { before: newId(), limit: 50 };

describe('Every read finds its rows by an index and in their order', () => {
  it.each([
    ['an app', (store) => store.apps.find(OWNER, newId())],
    ['a page of apps', (store) => store.apps.list(OWNER, page)],
    ["a page of a user's apps", (store) => store.apps.list(OWNER, { ...page, externalUserId: 'u' })],
    ['a sandbox', (store) => store.sandboxes.find(OWNER, newId())],
    ["a project's sandbox", (store) => store.sandboxes.findByProject(OWNER, { id: 'p', userId: 'u' })],
    ['a page of sandboxes', (store) => store.sandboxes.list(OWNER, page)],
    ["a node's sandboxes", (store) => store.sandboxes.ofNode(NODE)],
    ['a page of a timeline', (store) => store.events.list(OWNER, page)],
    ["a page of an app's timeline", (store) => store.events.list(OWNER, { ...page, appId: newId() })],
    ["a page of a sandbox's timeline", (store) => store.events.list(OWNER, { ...page, sandboxId: newId() })],
    ['a token', (store) => store.identity.token('h')],
    ['a session', (store) => store.identity.session('h')],
  ] satisfies [string, (store: ReturnType<typeof createStore>) => Promise<unknown>][])(
    'of %s',
    async (_, act) => {
      await using directory = await mkdtempDisposable(join(tmpdir(), 'plans-'));
      await using database = await FileSql.open(join(directory.path, 'sandboxd.db'));
      await migrate(database);
      const [statement] = await statementsRead(database, act);
      expect.assert(statement !== undefined);
      const plan = await database.read<{ detail: string }>({
        ...statement,
        text: `EXPLAIN QUERY PLAN ${statement.text}`,
      });
      const steps = plan.map(({ detail }) => detail);
      expect(steps).not.toEqual([]);
      for (const step of steps) expect(step).toMatch(/^SEARCH .* USING (COVERING )?(INDEX|PRIMARY KEY)/);
    },
  );
});
