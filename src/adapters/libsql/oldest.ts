import { sql, type Statement } from './sql.ts';

/**
 * Owner and id of the oldest rows of each owner, at most `limit` of each, of a table with an index of (owner, id). Owners
 * are found by skipping from one to the next in that index, so that it costs nothing how much else there is.
 * @param end only ids below it
 */
export const oldestOfEach = (table: Statement, end: string, limit: number): Statement => sql`
  WITH RECURSIVE owners(owner) AS (
    SELECT min(owner) FROM ${table}
    UNION ALL
    SELECT (SELECT min(owner) FROM ${table} WHERE owner > owners.owner) FROM owners WHERE owner IS NOT NULL
  )
  SELECT old.owner, old.id FROM owners CROSS JOIN ${table} AS old
  WHERE old.owner = owners.owner AND old.id IN (
    SELECT id FROM ${table} WHERE owner = owners.owner AND id < ${end} ORDER BY id LIMIT ${limit})`;
