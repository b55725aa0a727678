import type { SealedPlace, SealedRow } from './sealed.ts';
import type { Credential, CredentialNote } from './credential.ts';
import type { IdempotentRequest } from './idempotency.ts';
import type { ApiToken, LoginFailures, LoginLink, Session } from './identity.ts';
import type { App } from './app.ts';
import type { AuditEntry, AuditQuery } from './audit.ts';
import type { ConfigItem } from './config-item.ts';
import type { Event, EventType } from './event.ts';
import type { Password } from './password.ts';
import type { ProviderId } from './provider.ts';
import type { CaptureOrder } from './capture.ts';
import type { Change } from './change.ts';
import type { Snapshot } from './snapshot.ts';
import type { Sandbox } from './sandbox.ts';
import type { LifecycleSettings } from './settings.ts';
import type { Task } from './task.ts';
import type { DeliveryStatus, DueDelivery, Webhook, WebhookDelivery } from './webhook.ts';

export type { Change, ChangeOf } from './change.ts';

/**
 * The only source of desired state. Reads see every change committed before them.
 *
 * Every read of something owned takes the owner, and finds nothing of anybody else's.
 * Failures: `conflict` when a change would break a uniqueness rule, or `task_in_progress` where that is the rule (nothing
 * of its batch is kept); `unavailable` when
 * the database does not answer or stays locked. A failed `commit` may have been applied when the connection broke
 * midway: changes are written so that a repetition is harmless or a `conflict`.
 */
export interface Store {
  readonly apps: AppReads;
  readonly sandboxes: SandboxReads;
  readonly tasks: TaskReads;
  readonly snapshots: SnapshotReads;
  readonly events: EventReads;
  readonly credentials: CredentialReads;
  readonly config: ConfigReads;
  readonly settings: SettingsReads;
  readonly webhooks: WebhookReads;
  readonly audit: AuditReads;
  readonly idempotency: IdempotencyReads;
  readonly sealed: SealedReads;
  readonly identity: IdentityReads;
  readonly nodes: NodeReads;
  /** Applies all changes or none, in order. */
  commit(...changes: readonly Change[]): Promise<void>;
  /** Whether the database answers. @throws unavailable */
  ping(): Promise<void>;
}

export interface AppReads {
  find(owner: string, id: string): Promise<App | undefined>;
  /** Newest first. `before` is the id of the last app of the previous page. */
  list(owner: string, query: AppQuery): Promise<App[]>;
}

export interface AppQuery {
  readonly externalUserId?: string;
  readonly before?: string;
  readonly limit: number;
}

/** Reads never show a sandbox whose deletion was ordered, except where they say so. */
export interface SandboxReads {
  find(owner: string, id: string): Promise<Sandbox | undefined>;
  /** Also one whose deletion is ordered and not yet confirmed. */
  findOrdered(owner: string, id: string): Promise<Sandbox | undefined>;
  findByProject(owner: string, project: { id: string; userId: string }): Promise<Sandbox | undefined>;
  list(owner: string, query: { before?: string; limit: number }): Promise<Sandbox[]>;
  /** Everything a node should know of, of every owner, deletions included. */
  ofNode(nodeId: string): Promise<Sandbox[]>;
  /** Those of a node that are to take another one's place, of every owner. */
  replacing(nodeId: string): Promise<Sandbox[]>;
  /** One that is being created from a snapshot, if there is one. */
  beingMadeFrom(owner: string, snapshotId: string): Promise<Sandbox | undefined>;
  /** By status, of every owner; `paused` counts those of the running ones that stand still. */
  count(): Promise<Record<string, number>>;
}

/** Tasks are found also when their sandbox or their app is gone. */
export interface TaskReads {
  find(owner: string, id: string): Promise<Task | undefined>;
  /** Newest first; `before` is a task id. */
  list(owner: string, query: TaskQuery): Promise<Task[]>;
  /** What should be running on a node, of every owner. */
  runningOn(nodeId: string): Promise<RunningTask[]>;
}

/** Whose and where a task is that runs: asked for with every sync, and without its prompt, which may be long. */
export type RunningTask = Pick<Task, 'id' | 'owner' | 'appId' | 'sandboxId' | 'nodeId' | 'createdAt'>;

export interface TaskQuery {
  readonly sandboxId?: string;
  readonly appId?: string;
  readonly before?: string;
  readonly limit: number;
}

/** Reads never show a snapshot whose deletion was ordered, except where they say so. */
export interface SnapshotReads {
  find(owner: string, id: string): Promise<Snapshot | undefined>;
  /** Newest first; `before` is a snapshot id. */
  list(owner: string, query: SnapshotQuery): Promise<Snapshot[]>;
  /** What a capture of this sandbox descends from: its newest ready snapshot, else what it was made from. */
  parentOf(owner: string, sandboxId: string): Promise<string | undefined>;
  /** What a node should capture, but for safety snapshots: those belong to a sandbox's order. Of every owner. */
  capturingOn(nodeId: string): Promise<CaptureOrder[]>;
  /**
   * Ids whose archives a node is to remove, of every owner. Not yet those of safety snapshots that it may still capture,
   * because the sandbox they belong to is not gone.
   */
  discardedOn(nodeId: string): Promise<string[]>;
  /** Which of these have a row, of every owner, also when their deletion was ordered. */
  known(ids: readonly string[]): Promise<string[]>;
  /**
   * Ready ones beyond what is kept, of every owner, oldest first: all but the newest `keepLast` of each app, its safety
   * copies counted apart, and the oldest ones while all that may go take more than `maxBytes` together. The newest of an
   * app always stays, and so do one that a sandbox is being made from and the one that an app last went back to.
   */
  surplus(limits: RetentionLimits): Promise<Snapshot[]>;
}

export interface SnapshotQuery {
  readonly appId?: string;
  readonly before?: string;
  readonly limit: number;
}

/** How many snapshots are kept; undefined is no limit. */
export interface RetentionLimits {
  readonly keepLast?: number;
  readonly maxBytes?: number;
}

export interface EventReads {
  /** Newest first. */
  list(owner: string, query: EventQuery): Promise<Event[]>;
  /** Whether `history.expire` has anything left to drop, of any owner, the audit log included. */
  hasBefore(before: number): Promise<boolean>;
}

export interface EventQuery {
  readonly appId?: string;
  readonly sandboxId?: string;
  readonly taskId?: string;
  /** Of these types alone; all when undefined. */
  readonly types?: readonly EventType[];
  /** An event id. */
  readonly before?: string;
  readonly limit: number;
}

export interface CredentialReads {
  find(owner: string, provider: ProviderId): Promise<Credential | undefined>;
  /** For which providers there is a key, by their ids in order. */
  list(owner: string): Promise<CredentialNote[]>;
}

export interface ConfigReads {
  /** By key. */
  list(owner: string, appId: string): Promise<ConfigItem[]>;
  find(owner: string, appId: string, key: string): Promise<ConfigItem | undefined>;
  /** Grows with every change of an app's items; 0 before the first, and for an app that is gone. */
  revision(appId: string): Promise<number>;
  /** Of a node's sandboxes that are not gone: those whose app has, or had, items. */
  revisionsOn(
    nodeId: string,
  ): Promise<{ sandboxId: string; owner: string; appId: string; revision: number }[]>;
}

export interface SettingsReads {
  /** What was set; what was not is undefined. */
  lifecycle(): Promise<Partial<LifecycleSettings>>;
}

export interface WebhookReads {
  /** Newest first. */
  list(owner: string): Promise<Webhook[]>;
  find(owner: string, id: string): Promise<Webhook | undefined>;
  /** The latest event first; `before` is an event id. */
  deliveries(owner: string, query: DeliveryQuery): Promise<WebhookDelivery[]>;
  delivery(owner: string, webhookId: string, eventId: string): Promise<WebhookDelivery | undefined>;
  /**
   * Takes what is due, the longest due first, for one sender: until `leaseUntil` nobody else gets it, and then it is due again.
   * Nothing of a webhook that is not enabled is due. A read that writes, because finding and taking must be one step.
   * @param except webhooks whose deliveries stay where they are
   */
  take(now: number, leaseUntil: number, limit: number, except: readonly string[]): Promise<DueDelivery[]>;
}

export interface DeliveryQuery {
  readonly webhookId: string;
  readonly status?: DeliveryStatus;
  readonly before?: string;
  readonly limit: number;
}

export interface AuditReads {
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditEntry[]>;
}

export interface IdempotencyReads {
  /** One that is younger than `since`. */
  find(owner: string, key: string, since: number): Promise<IdempotentRequest | undefined>;
}

export interface SealedReads {
  /**
   * What was not sealed by the key with this id, of every owner, in a fixed order.
   * @param after the last one of the page before
   */
  others(keyId: string, limit: number, after?: SealedPlace): Promise<SealedRow[]>;
}

export interface IdentityReads {
  token(hash: string): Promise<ApiToken | undefined>;
  /** An owner's, newest first; also those that have expired. */
  tokens(owner: string): Promise<ApiToken[]>;
  password(owner: string): Promise<Password | undefined>;
  /** Failed logins under this name, of an address or of all, since `since`. */
  loginFailures(scope: string, since: number): Promise<LoginFailures>;
  session(hash: string): Promise<Session | undefined>;
  /**
   * Uses up a login link: the first caller gets it, every other one undefined. The one read that writes, because
   * finding and using must be one step.
   */
  redeemLoginLink(hash: string, now: number): Promise<LoginLink | undefined>;
}

export interface NodeReads {
  /** The sequence number of the last report applied; 0 when there is none. */
  acknowledged(nodeId: string): Promise<number>;
}
