/** The public names of everything that happens. Add, never rename. */
export const EVENT_TYPES = [
  'app.created',
  'app.updated',
  'app.deleted',
  'sandbox.create.started',
  'sandbox.create.failed',
  'sandbox.start.failed',
  'sandbox.started',
  'sandbox.stopped',
  'sandbox.paused',
  'sandbox.woken',
  'sandbox.deleted',
  'task.started',
  'task.completed',
  'task.failed',
  'task.build.failed',
  'task.reverted',
  'preview.health.ok',
  'preview.health.failed',
  'snapshot.captured',
  'snapshot.capture.failed',
  'snapshot.restored',
  'snapshot.restore.failed',
  'snapshot.forked',
  'snapshot.deleted',
  'process.abandoned',
  'manifest.invalid',
  'config.created',
  'config.updated',
  'config.deleted',
  'config.unreadable',
  'settings.updated',
  'credential.updated',
  'credential.deleted',
  'api_key.created',
  'api_key.revoked',
  'auth.login.failed',
  'auth.password.changed',
  'webhook.created',
  'webhook.updated',
  'webhook.deleted',
  'webhook.delivery.dead',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];
export type Severity = 'info' | 'warning' | 'error';
export type StopReason = 'user' | 'idle' | 'pressure' | 'shutdown' | 'crash' | 'restore';

/** Small and structured: counts, flags, keys, reasons. Never a value, a secret, or program output. */
export type EventPayload = Record<string, string | number | boolean>;

/** One line of the activity timeline. Its id orders it and is the page cursor. */
export interface Event {
  readonly id: string;
  readonly owner: string;
  readonly type: EventType;
  readonly severity: Severity;
  readonly message: string;
  readonly appId?: string;
  readonly sandboxId?: string;
  readonly taskId?: string;
  readonly snapshotId?: string;
  readonly payload?: EventPayload;
  readonly createdAt: number;
}
