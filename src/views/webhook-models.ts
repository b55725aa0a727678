import type { Chip, Fact, Frame, Moment } from './basic-models.ts';

/** What the templates of webhooks are given. A signing secret is on the page that it was made by, and on no other. */

export interface WebhookRow {
  readonly href: string;
  readonly url: string;
  readonly description: string;
  /** Which events it is sent: "Everything". */
  readonly events: string;
  readonly chip: Chip;
}

export interface TypeGroup {
  readonly label: string;
  readonly types: readonly { readonly id: string; readonly chosen: boolean }[];
}

/** What is asked about a webhook, new or not. */
export interface WebhookFields {
  readonly url: string;
  readonly description: string;
  readonly isEverything: boolean;
  readonly groups: readonly TypeGroup[];
  readonly problems: WebhookProblems;
}

export interface WebhookProblems {
  readonly url?: string;
  readonly events?: string;
  readonly description?: string;
  /** About none of them. */
  readonly other?: string;
}

export interface WebhooksPage extends Frame {
  readonly rows: readonly (WebhookRow & {
    /** Whether some deliveries were given up. */
    readonly hasDead: boolean;
  })[];
  readonly form: WebhookFields;
}

export interface DeliveryRow {
  readonly eventId: string;
  readonly type: string;
  readonly chip: Chip;
  /** How often it was tried, and what is known besides. */
  readonly facts: readonly string[];
  /** Why the last attempt failed. */
  readonly error?: string;
  /** When it ended. */
  readonly ended?: Moment;
  /** Where it can be sent once more. */
  readonly retryHref?: string;
}

export interface WebhookPage extends Frame {
  readonly webhook: WebhookRow;
  readonly host: string;
  readonly isEnabled: boolean;
  readonly facts: readonly Fact[];
  /** The one that was just made. */
  readonly secret?: string;
  /** What came of a test that was just made. */
  readonly tested?: { readonly ok: boolean; readonly text: string };
  readonly filters: readonly { readonly label: string; readonly href: string; readonly chosen: boolean }[];
  /** The filter, to come back to it. */
  readonly status: string;
  readonly deliveries: readonly DeliveryRow[];
  /** This page, to look at it again. */
  readonly here: string;
  /** Absent on the first page. */
  readonly newestHref?: string;
  readonly olderHref?: string;
}

export interface EditWebhookPage extends Frame {
  readonly webhook: WebhookRow;
  readonly host: string;
  readonly fields: WebhookFields;
}

/** A question about one. */
export interface AskWebhookPage extends Frame {
  readonly webhook: WebhookRow;
  readonly host: string;
}
