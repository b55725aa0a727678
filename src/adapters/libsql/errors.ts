import { type ErrorCode, SandboxdError } from '../../domain/errors.ts';

const TASK_RUNS = 'A task is running in this sandbox. Wait until it has ended, or cancel it first.';

/** What the schema refuses, by the text SQLite puts in its message, as a caller should read it. */
const CONFLICTS: readonly (readonly [pattern: string, message: string, code?: ErrorCode])[] = [
  [
    'sandboxes.owner, sandboxes.project_id, sandboxes.project_user_id',
    'This project already has a live sandbox for this user. Use that one, or delete it first.',
  ],
  ['sandboxes.replaces', 'This app is being restored already. Wait until that has ended.'],
  ['sandboxes.app_id', 'This app already has a live sandbox. Use that one, or delete it first.'],
  ['sandboxes.id', 'A sandbox with this id exists already.'],
  ['tasks.sandbox_id', TASK_RUNS, 'task_in_progress'],
  ['snapshots.id', 'A snapshot with this id exists already.'],
  ['tasks.id', 'A task with this id exists already.'],
  ['apps.id', 'An app with this id exists already.'],
  ['config_items.', 'This app has an item by this key already. Change that one, or delete it first.'],
  ['webhooks.id', 'A webhook with this id exists already.'],
  ['audit_entries.id', 'An audit entry with this id exists already.'],
  [
    'idempotent_requests.',
    'There is a request by this Idempotency-Key already. Use another key for another request.',
  ],
  ['api_tokens.', 'This token exists already.'],
  ['sessions.', 'This session exists already.'],
  ['login_links.', 'This login link exists already.'],
];

/** Raised by the trigger that ties a sandbox to an app of the same owner. */
export const APP_MISSING = 'sandbox without its app';

/** Raised by the trigger that ties an item of config to an app of the same owner. */
export const CONFIG_WITHOUT_APP = 'config without its app';

/** Raised by the triggers about a sandbox that takes the place of another. */
export const NOT_ITS_APPS_OWN = 'replaces a sandbox that is not its app own';
export const REPLACED_AT_WORK = 'replaces a sandbox in which a task runs';
export const BEING_REPLACED = 'task in a sandbox that is being replaced';

/** Of an update of config that has not seen what is there: see config.ts. */
const CONFIG_CHANGED = 'NOT NULL constraint failed: config_items.sealed';

/** Of what an owner has as many of as there may be: see webhooks.ts and identity.ts. */
const TOO_MANY_WEBHOOKS = 'NOT NULL constraint failed: webhooks.url';
const TOO_MANY_TOKENS = 'NOT NULL constraint failed: api_tokens.name';

/** Of a change of a webhook's secrets that has not seen those there are: see webhooks.ts. */
const SECRETS_CHANGED = 'NOT NULL constraint failed: webhooks.sealed';

/** What triggers and constraints refuse, as a caller should read it. */
const REFUSALS: readonly (readonly [raised: string, code: ErrorCode, message: string])[] = [
  [APP_MISSING, 'not_found', 'No such app.'],
  [
    CONFIG_CHANGED,
    'conflict',
    'This item was changed meanwhile, or the app has no room for it. Look at it, and try again.',
  ],
  [CONFIG_WITHOUT_APP, 'not_found', 'No such app.'],
  [
    SECRETS_CHANGED,
    'conflict',
    'Somebody else has changed the secret of this webhook at the same moment. Look at it, and try again.',
  ],
  [TOO_MANY_WEBHOOKS, 'invalid_request', 'You have as many webhooks as there can be. Delete one first.'],
  [TOO_MANY_TOKENS, 'conflict', 'There are as many API keys as there can be. Revoke some first.'],
  [
    NOT_ITS_APPS_OWN,
    'conflict',
    "The sandbox to be replaced is not its app's own any more. Look at the app, and try again.",
  ],
  [REPLACED_AT_WORK, 'task_in_progress', TASK_RUNS],
  [BEING_REPLACED, 'conflict', "The sandbox's app is being restored. Wait until that has ended."],
];

const LOCKED = 'The database is locked by another process. Try again in a moment.';

/** Base codes of failures that time or an operator mends; the statement itself was fine. */
const UNAVAILABLE = new Map([
  ['SQLITE_BUSY', LOCKED],
  ['SQLITE_LOCKED', LOCKED],
  ['SQLITE_PROTOCOL', LOCKED],
  ['SQLITE_FULL', 'The database cannot be written: its disk is full.'],
  ['SQLITE_IOERR', 'The database cannot be read or written: its disk reports an error.'],
  ['SQLITE_READONLY', 'The database cannot be written: it is read-only.'],
  ['SQLITE_CANTOPEN', 'The database cannot be opened. Its directory must exist and be writable.'],
]);

/** The driver's code without its extension (`SQLITE_BUSY_SNAPSHOT` is `SQLITE_BUSY`), or undefined. */
export function sqliteCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? /^SQLITE_[A-Z]+/.exec(code)?.[0] : undefined;
}

/** Whether somebody else holds a lock: the same call may work a moment later. */
export const isLocked = (thrown: unknown): boolean => UNAVAILABLE.get(sqliteCode(thrown) ?? '') === LOCKED;

/** A driver's failure as the store's callers know it. What is not recognised is returned as it came. */
export function translate(thrown: unknown): unknown {
  const code = sqliteCode(thrown);
  if (code === undefined || !(thrown instanceof Error)) return thrown;
  if (code === 'SQLITE_CONSTRAINT') return translateConstraint(thrown);
  const message = UNAVAILABLE.get(code);
  return message === undefined ? thrown : new SandboxdError('unavailable', message, { cause: thrown });
}

function translateConstraint(thrown: Error): unknown {
  const refusal = REFUSALS.find(([raised]) => thrown.message.includes(raised));
  if (refusal !== undefined) return new SandboxdError(refusal[1], refusal[2], { cause: thrown });
  if (!thrown.message.includes('UNIQUE constraint failed')) return thrown;
  const conflict = CONFLICTS.find(([pattern]) => thrown.message.includes(pattern));
  if (conflict === undefined) return thrown;
  const [, message, code = 'conflict'] = conflict;
  return new SandboxdError(code, message, { cause: thrown });
}
