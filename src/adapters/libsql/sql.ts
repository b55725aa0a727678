/** What a column may hold here. Integers are safe integers; times are milliseconds since the epoch. */
export type SqlValue = string | number | null;

/** One statement with its values apart: text of a caller never becomes SQL. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** What a driver can do inside and outside a transaction. `Row` names the columns the statement selects. */
export interface SqlQueries {
  /** One statement that changes nothing. */
  read<Row>(statement: Statement): Promise<Row[]>;
  /** All statements or none, in order; answers each statement's rows (`RETURNING`). */
  batch(statements: readonly Statement[]): Promise<unknown[][]>;
}

/**
 * A database as the repositories see it; which client is behind it never shows.
 *
 * Failures are `SandboxdError`s: `conflict` or `not_found` for a broken rule of the schema (see errors.ts),
 * `unavailable` when the database cannot be reached, stays locked, or cannot write. Anything else is a bug and passes
 * through as it is. After any failure the next call starts afresh.
 */
export interface Sql extends SqlQueries {
  /**
   * Runs `work` in one write transaction, committed when it returns and rolled back when it throws. Rare: it holds
   * the only write lock while `work` awaits, so `work` must await nothing but its transaction.
   */
  tx<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T>;
}

/** Writes a statement as a template; a nested statement is spliced in, everything else is bound. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (SqlValue | Statement)[]): Statement {
  let text = strings[0] ?? '';
  const values: SqlValue[] = [];
  for (const [index, part] of parts.entries()) {
    if (part !== null && typeof part === 'object') {
      text += part.text;
      values.push(...part.values);
    } else {
      text += '?';
      values.push(part);
    }
    text += strings[index + 1] ?? '';
  }
  return { text, values };
}

/** Splices nothing, where a condition does not apply. */
export const NOTHING: Statement = sql``;
