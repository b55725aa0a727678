import type { Statement } from '../sql.ts';

/** A trigger that does something where its condition holds. Nothing can be bound in one. */
export const trigger = (condition: string, action: string): Statement => ({
  text: `CREATE TRIGGER ${condition} BEGIN ${action}; END`,
  values: [],
});

/** A trigger that refuses what its condition describes, by the text that errors.ts knows. */
export const refusing = (condition: string, refusal: string): Statement =>
  trigger(condition, `SELECT RAISE(ABORT, '${refusal}')`);
