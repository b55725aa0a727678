import type { App } from './app.ts';
import type { AuditEntry } from './audit.ts';
import type { CaptureEnd } from './capture.ts';
import type { ConfigItem } from './config-item.ts';
import type { ConfigRoom } from './config-limits.ts';
import type { Credential } from './credential.ts';
import type { Event } from './event.ts';
import type { IdempotentRequest } from './idempotency.ts';
import type { ApiToken, LoginLink, Session } from './identity.ts';
import type { NodeReport, SandboxObservation, TaskEnd } from './node.ts';
import type { Password } from './password.ts';
import type { ProviderId } from './provider.ts';
import type { SealedPlace } from './sealed.ts';
import type { Desired, IdlePolicy, Sandbox, Visibility } from './sandbox.ts';
import type { LifecycleSettings } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import type { Task } from './task.ts';
import type { Webhook, WebhookDelivery } from './webhook.ts';

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
  /**
   * `conflict` when the app has one by this key, or no `room` for it; `not_found` when the app is gone. The app's revision
   * grows, with any of these.
   */
  | { readonly kind: 'config.insert'; readonly item: ConfigItem; readonly room?: ConfigRoom }
  /**
   * `conflict` when it is not as it `was` any more: who changes an item says what it has seen; and when the app has no `room`
   * for it. Nothing happens to one that is gone.
   */
  | {
      readonly kind: 'config.update';
      readonly item: ConfigItem;
      readonly was: Pick<ConfigItem, 'sealed' | 'updatedAt'>;
      readonly room?: ConfigRoom;
    }
  | { readonly kind: 'config.delete'; readonly owner: string; readonly appId: string; readonly key: string }
  /**
   * What is `sealed` in it is known not to open, since `at`; a value that is put in its place ends that, and nothing happens
   * when that came first. The revision stays.
   */
  | {
      readonly kind: 'config.unreadable';
      readonly owner: string;
      readonly appId: string;
      readonly key: string;
      readonly sealed: string;
      readonly at: number;
    }
  /** The same secret under another key: nothing else changes, and nothing at all where it is not sealed as `was` any more. */
  | { readonly kind: 'reseal'; readonly place: SealedPlace; readonly was: string; readonly sealed: string }
  | { readonly kind: 'settings.lifecycle'; readonly set: Partial<LifecycleSettings>; readonly at: number }
  /** `invalid_request` when its owner has the `most` there may be. */
  | { readonly kind: 'webhook.insert'; readonly webhook: Webhook; readonly most?: number }
  /**
   * These fields alone, so that two changes at once both stay. Nothing happens to one that is gone; what waits
   * for one that is not enabled goes on waiting. `conflict` when its secrets are not sealed as they `were` any more.
   */
  | {
      readonly kind: 'webhook.update';
      readonly owner: string;
      readonly id: string;
      readonly set: Partial<Pick<Webhook, 'url' | 'eventTypes' | 'description' | 'enabled' | 'sealed'>>;
      readonly were?: string;
      readonly at: number;
    }
  /** With everything that was on its way to it. */
  | { readonly kind: 'webhook.delete'; readonly owner: string; readonly id: string }
  /** What an attempt came to. Nothing happens to one that has ended, or is gone. */
  | { readonly kind: 'delivery.note'; readonly delivery: WebhookDelivery }
  /** Sends one that is dead once more, from the beginning. Nothing happens to others. */
  | {
      readonly kind: 'delivery.retry';
      readonly owner: string;
      readonly webhookId: string;
      readonly eventId: string;
      readonly at: number;
    }
  | { readonly kind: 'audit'; readonly entry: AuditEntry }
  /** `conflict` when the owner has a request by this key that is younger than `since`. */
  | { readonly kind: 'idempotency.claim'; readonly request: IdempotentRequest; readonly since: number }
  | {
      readonly kind: 'idempotency.answer';
      readonly owner: string;
      readonly key: string;
      readonly sealedAnswer: string;
    }
  /** Takes back one that came to nothing. */
  | { readonly kind: 'idempotency.release'; readonly owner: string; readonly key: string }
  /**
   * Drops events and audit entries that were recorded before `before`, and what was sent of them: at most `limit` of each
   * owner's, so that nobody waits long.
   */
  | { readonly kind: 'history.expire'; readonly before: number; readonly limit: number }
  /** Drops deliveries that ended, and requests by a key that were made, before these moments. */
  | {
      readonly kind: 'leftovers.expire';
      readonly deliveriesBefore: number;
      readonly requestsBefore: number;
    }
  /**
   * Recorded once, with a delivery to each enabled webhook of its owner that wants its type. That the restore by a sandbox ended, and that a snapshot was deleted, happens once, whatever the id. */
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
  /** `conflict` when its owner has the `most` there may be. */
  | { readonly kind: 'token.insert'; readonly token: ApiToken; readonly most?: number }
  /** Nothing happens when it is not the owner's. */
  | { readonly kind: 'token.delete'; readonly owner: string; readonly id: string }
  | { readonly kind: 'token.used'; readonly hash: string; readonly at: number }
  /** Takes the place of the one there was. */
  | { readonly kind: 'password.put'; readonly password: Password }
  | { readonly kind: 'password.delete'; readonly owner: string }
  /** Ends all sessions of an owner but the one by `exceptHash`, and drops the login links that would begin another. */
  | { readonly kind: 'sessions.delete'; readonly owner: string; readonly exceptHash?: string }
  /** One more failed login under each of these names, the last of them at `at`; failures before `since` are forgotten. */
  | {
      readonly kind: 'login.failed';
      readonly scopes: readonly string[];
      readonly at: number;
      readonly since: number;
    }
  /** Forgets the failures under a name. */
  | { readonly kind: 'login.succeeded'; readonly scope: string }
  | { readonly kind: 'session.insert'; readonly session: Session }
  | { readonly kind: 'session.delete'; readonly hash: string }
  | { readonly kind: 'login-link.insert'; readonly link: LoginLink }
  /** Drops sessions and login links that expired before `now`. */
  | { readonly kind: 'identity.expire'; readonly now: number };

export type ChangeOf<Kind extends Change['kind']> = Extract<Change, { readonly kind: Kind }>;
