import type { ApiToken, LoginFailures, LoginLink, Session } from '../../src/domain/identity.ts';
import type { App } from '../../src/domain/app.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { ConfigItem } from '../../src/domain/config-item.ts';
import type { Credential } from '../../src/domain/credential.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import type { Event } from '../../src/domain/event.ts';
import type { IdempotentRequest } from '../../src/domain/idempotency.ts';
import type { Password } from '../../src/domain/password.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import type { LifecycleSettings } from '../../src/domain/settings.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import type { Change, ChangeOf } from '../../src/domain/store.ts';
import type { Task } from '../../src/domain/task.ts';
import type { Webhook, WebhookDelivery } from '../../src/domain/webhook.ts';

/** Everything a store in memory holds. */
export interface State {
  readonly apps: Map<string, App>;
  readonly sandboxes: Map<string, Sandbox>;
  /** Sandboxes whose deletion is confirmed: kept in `sandboxes` for late reports only. */
  readonly gone: Set<string>;
  readonly tasks: Map<string, Task>;
  readonly snapshots: Map<string, Snapshot>;
  /** Snapshots whose deletion is ordered. */
  readonly discarded: Set<string>;
  readonly events: Map<string, Event>;
  /** By owner and provider. */
  readonly credentials: Map<string, Credential>;
  /** By app and key. */
  readonly config: Map<string, ConfigItem>;
  /** App id → how often its items changed. */
  readonly configRevisions: Map<string, number>;
  readonly lifecycle: Map<keyof LifecycleSettings, number | boolean>;
  readonly webhooks: Map<string, Webhook>;
  /** By webhook and event. */
  readonly deliveries: Map<string, WebhookDelivery>;
  readonly audit: Map<string, AuditEntry>;
  /** By owner and key. */
  readonly idempotent: Map<string, IdempotentRequest>;
  /** Node id → sequence number of its last report. */
  readonly acknowledged: Map<string, number>;
  readonly tokens: Map<string, ApiToken>;
  readonly sessions: Map<string, Session>;
  readonly loginLinks: Map<string, LoginLink>;
  /** By owner. */
  readonly passwords: Map<string, Password>;
  /** By the name they count under. */
  readonly loginFailures: Map<string, LoginFailures>;
}

/** What some kinds of changes do to a state. */
export type Appliers<Kind extends Change['kind']> = {
  [K in Kind]: (state: State, change: ChangeOf<K>) => void;
};

export const emptyState = (): State => ({
  apps: new Map(),
  sandboxes: new Map(),
  gone: new Set(),
  tasks: new Map(),
  snapshots: new Map(),
  discarded: new Set(),
  events: new Map(),
  credentials: new Map(),
  config: new Map(),
  configRevisions: new Map(),
  lifecycle: new Map(),
  webhooks: new Map(),
  deliveries: new Map(),
  audit: new Map(),
  idempotent: new Map(),
  acknowledged: new Map(),
  tokens: new Map(),
  sessions: new Map(),
  loginLinks: new Map(),
  passwords: new Map(),
  loginFailures: new Map(),
});

/** Rows are never changed in place, so that a copy of what holds them is a copy of everything. */
export const copyOf = (state: State): State =>
  Object.fromEntries(
    Object.entries(state).map(([name, rows]: [string, Map<unknown, unknown> | Set<unknown>]) => [
      name,
      rows instanceof Set ? new Set(rows) : new Map(rows),
    ]),
  ) as unknown as State;

/** A key of several parts, none of which may run into the next. */
export const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

export function insertNew<Row>(rows: Map<string, Row>, id: string, row: Row): void {
  if (rows.has(id)) throw new SandboxdError('conflict', 'It exists already.');
  rows.set(id, row);
}

/** Drops the rows that a condition is true of. */
export function removeWhere<Row>(rows: Map<string, Row>, isGoing: (row: Row) => boolean): void {
  for (const [key, row] of rows) if (isGoing(row)) rows.delete(key);
}
