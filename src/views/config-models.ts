import type { Frame, Moment } from './basic-models.ts';

/** What the templates of an app's config are given. Values of sensitive items never are. */

export interface ConfigRow {
  readonly key: string;
  /** Who is given its value: "The app". */
  readonly who: string;
  readonly sensitive: boolean;
  /** Absent for a sensitive one, and for one that cannot be read. */
  readonly value?: string;
  readonly changed: Moment;
  readonly isUnreadable: boolean;
  /** Whether somebody in the sandbox is given it. */
  readonly isDelivered: boolean;
  readonly editHref: string;
  readonly deleteHref: string;
}

export interface PolicyChoice {
  readonly id: string;
  readonly label: string;
  readonly chosen: boolean;
}

/** What is asked about an item, new or not. */
export interface ConfigFields {
  /** In the field when the form is shown; empty where it is write-only. */
  readonly value: string;
  readonly sensitive: boolean;
  readonly policies: readonly PolicyChoice[];
  readonly problems: ConfigProblems;
}

/** What was wrong with what was sent. */
export interface ConfigProblems {
  readonly key?: string;
  readonly value?: string;
  /** About neither of them. */
  readonly other?: string;
}

export interface ConfigPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly rows: readonly ConfigRow[];
  readonly form: ConfigFields & { readonly key: string };
  /** Whether what runs can be started anew. */
  readonly canRestart: boolean;
  /** When a change takes effect. */
  readonly effect: string;
}

export interface EditConfigPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly item: ConfigRow;
  readonly fields: ConfigFields;
  /** Of the item as this page shows it: a change that came in between is not undone unseen. */
  readonly version: number;
}

export interface DeleteConfigPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly item: ConfigRow;
}
