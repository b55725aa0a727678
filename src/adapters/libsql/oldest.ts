import { sql, type Statement } from './sql.ts';

/**
 * `owners`, for a query of a table with an index of (owner, id). They are found by skipping from one to the next in that
 * index, so that it costs nothing how much each of them has.
 */
const owners = (table: Statement): Statement => sql`
  WITH RECURSIVE owners(owner) AS (
    SELECT min(owner) FROM ${table}
    UNION ALL
    SELECT (SELECT min(owner) FROM ${table} WHERE owner > owners.owner) FROM owners WHERE owner IS NOT NULL
  )`;

/** Whether anybody has rows below an id. */
export const anyBefore = (table: Statement, end: string): Statement => sql`
  ${owners(table)}
  SELECT 1 FROM owners CROSS JOIN ${table} AS old WHERE old.owner = owners.owner AND old.id < ${end} LIMIT 1`;

/**
 * Owner and id of the oldest rows of each owner, at most `limit` of each.
 * @param end only ids below it
 */
export const oldestOfEach = (table: Statement, end: string, limit: number): Statement => sql`
  ${owners(table)}
  SELECT old.owner, old.id FROM owners CROSS JOIN ${table} AS old
  WHERE old.owner = owners.owner AND old.id IN (
    SELECT id FROM ${table} WHERE owner = owners.owner AND id < ${end} ORDER BY id LIMIT ${limit})`;
