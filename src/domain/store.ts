import type { Credential, CredentialNote } from './credential.ts';
import type { ApiToken, LoginLink, Session } from './identity.ts';
import type { App } from './app.ts';
import type { Event } from './event.ts';
import type { NodeReport, SandboxObservation, TaskEnd } from './node.ts';
import type { ProviderId } from './provider.ts';
import type { CaptureEnd, CaptureOrder } from './capture.ts';
import type { Snapshot } from './snapshot.ts';
import type { Desired, IdlePolicy, Sandbox, Visibility } from './sandbox.ts';
import type { Task } from './task.ts';

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
  /** By status, of every owner. */
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
}

export interface EventQuery {
  readonly appId?: string;
  readonly sandboxId?: string;
  readonly taskId?: string;
  /** An event id. */
  readonly before?: string;
  readonly limit: number;
}

export interface CredentialReads {
  find(owner: string, provider: ProviderId): Promise<Credential | undefined>;
  /** For which providers there is a key, by their ids in order. */
  list(owner: string): Promise<CredentialNote[]>;
}

export interface IdentityReads {
  token(hash: string): Promise<ApiToken | undefined>;
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

/** Everything that can be written. Each is one statement or a few; `commit` makes any list of them atomic. */
export type Change =
  | { readonly kind: 'app.insert'; readonly app: App }
  | {
      readonly kind: 'app.update';
      readonly owner: string;
      readonly id: string;
      readonly set: Partial<Pick<App, 'name' | 'description' | 'tags'>>;
      readonly at: number;
    }
  /**
   * Orders its live sandboxes absent as well, also those that were created after the caller looked, and with them what would
   * have been captured for a restore.
   */
  | { readonly kind: 'app.delete'; readonly owner: string; readonly id: string }
  /**
   * `conflict` when its app, or its project, has a live sandbox already; `not_found` when its app is gone. One that
   * replaces another is not its app's own yet: `conflict` then when the other one is being replaced already or is not its app's
   * own, and `task_in_progress` while a task runs in it.
   */
  | { readonly kind: 'sandbox.insert'; readonly sandbox: Sandbox }
  /**
   * A new order: generation and revision grow by one. Nothing happens to a sandbox that is absent or whose deletion is
   * ordered, and none is ordered to stop while a task runs in it.
   */
  | {
      readonly kind: 'sandbox.order';
      readonly owner: string;
      readonly id: string;
      readonly desired: Desired;
      readonly at: number;
    }
  /**
   * It takes the place of what it replaces, with the settings that one has by now, and the other is ordered absent. Nothing
   * happens when it does not replace anything.
   * `conflict` when its app has got another live sandbox meanwhile.
   */
  | { readonly kind: 'sandbox.replaced'; readonly owner: string; readonly id: string; readonly at: number }
  /** It never takes the place of what it replaces: it is ordered absent. Nothing happens to one that replaces nothing. */
  | { readonly kind: 'sandbox.withdraw'; readonly owner: string; readonly id: string; readonly at: number }
  /** New settings: the revision grows by one, the generation stays. */
  | {
      readonly kind: 'sandbox.update';
      readonly owner: string;
      readonly id: string;
      readonly set: { visibility?: Visibility; idlePolicy?: IdlePolicy; keepaliveUntil?: number };
      readonly at: number;
    }
  /**
   * Takes over what a node sees, if the row's node is that one and the observation reflects the row's generation: an
   * older one says nothing about the newest order. `absent` marks a row whose deletion was ordered as gone: it is kept, unseen by every read, so that
   * late reports still find its owner and app.
   */
  | {
      readonly kind: 'sandbox.observed';
      readonly nodeId: string;
      readonly observation: SandboxObservation;
      readonly at: number;
    }
  | { readonly kind: 'snapshot.insert'; readonly snapshot: Snapshot }
  /** What a capture of this node came to. One that has ended stays as it is. */
  | { readonly kind: 'snapshot.end'; readonly nodeId: string; readonly id: string; readonly end: CaptureEnd }
  /**
   * Orders the deletion of one that nobody waits for any more: its node may be capturing it all the same. One that has
   * ended stays.
   */
  | { readonly kind: 'snapshot.withdraw'; readonly owner: string; readonly id: string }
  /** Orders its deletion; of one that is being captured, for when that has ended. */
  | { readonly kind: 'snapshot.discard'; readonly owner: string; readonly id: string }
  /** Their archives are gone; so are the rows, if their deletion was ordered. */
  | { readonly kind: 'snapshot.discarded'; readonly nodeId: string; readonly ids: readonly string[] }
  /**
   * A task that runs. `task_in_progress` when its sandbox has one already, `conflict` when the sandbox is being replaced.
   */
  | { readonly kind: 'task.insert'; readonly task: Task }
  /** Takes back a task that came to nothing. One that has ended stays. */
  | { readonly kind: 'task.withdraw'; readonly owner: string; readonly id: string }
  /** What a task of this node came to. One that has ended stays as it is. */
  | { readonly kind: 'task.end'; readonly nodeId: string; readonly id: string; readonly end: TaskEnd }
  /** Takes the place of the key there was. */
  | { readonly kind: 'credential.put'; readonly credential: Credential }
  | { readonly kind: 'credential.delete'; readonly owner: string; readonly provider: ProviderId }
  /** Recorded once. That the restore by a sandbox ended, and that a snapshot was deleted, happens once, whatever the id. */
  | { readonly kind: 'event'; readonly event: Event }
  /**
   * Records a node's report as an event under the owner and app of its sandbox (also when the sandbox is gone by
   * now), exactly once: nothing happens when `seq` is not above what is acknowledged for the node. Acknowledges it.
   */
  | {
      readonly kind: 'report';
      readonly nodeId: string;
      readonly eventId: string;
      readonly report: NodeReport;
    }
  | { readonly kind: 'token.insert'; readonly token: ApiToken }
  | { readonly kind: 'session.insert'; readonly session: Session }
  | { readonly kind: 'session.delete'; readonly hash: string }
  | { readonly kind: 'login-link.insert'; readonly link: LoginLink }
  /** Drops sessions and login links that expired before `now`. */
  | { readonly kind: 'identity.expire'; readonly now: number };
