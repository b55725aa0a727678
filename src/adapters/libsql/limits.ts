import { sql, type Statement } from './sql.ts';

/** Whether an owner has fewer rows in a table than the most there may be. Asked within the statement that adds one. */
export const hasFewer = (table: Statement, owner: string, most: number | undefined): Statement =>
  most === undefined ? sql`true` : sql`(SELECT count(*) < ${most} FROM ${table} WHERE owner = ${owner})`;
