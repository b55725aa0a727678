import { SandboxdError } from '../../domain/errors.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { sql, type Sql, type SqlQueries } from './sql.ts';

/**
 * Brings the schema up to this program's version. The version is read again under the database's write lock, so any
 * number of processes and Workers may start at once: the first one applies, the others find it done.
 * @throws unavailable when the database was written by a newer program; it is left untouched
 */
export async function migrate(database: Sql, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const latest = migrations.at(-1)?.version ?? 0;
  if (!isBehind(await currentVersion(database), latest)) return;
  await database.tx(async (queries) => {
    const current = await currentVersion(queries);
    if (!isBehind(current, latest)) return;
    if (current === 0) await queries.batch([CREATE_VERSIONS]);
    for (const migration of migrations.filter(({ version }) => version > current)) {
      await queries.batch([...migration.statements, recordVersion(migration.version)]);
    }
  });
}

const CREATE_VERSIONS = sql`CREATE TABLE IF NOT EXISTS schema_versions (
  version INTEGER PRIMARY KEY NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`;

const recordVersion = (version: number) =>
  sql`INSERT INTO schema_versions (version, applied_at) VALUES (${version}, unixepoch() * 1000)`;

async function currentVersion(queries: SqlQueries): Promise<number> {
  const tables = await queries.read(
    sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions'`,
  );
  if (tables.length === 0) return 0;
  const [row] = await queries.read<{ version: number | null }>(
    sql`SELECT max(version) AS version FROM schema_versions`,
  );
  return row?.version ?? 0;
}

function isBehind(current: number, latest: number): boolean {
  if (current <= latest) return current < latest;
  throw new SandboxdError(
    'unavailable',
    `The database has schema version ${current}, and this program knows versions up to ${latest}. Run the newer program that wrote it, or restore a backup made by this one.`,
  );
}
