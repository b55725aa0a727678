import type { Fact, Frame, Moment } from './basic-models.ts';

/** What the templates of settings and API keys are given. */

/** The settings as a form has them: what was typed, be it a number or not. */
export interface LifecycleFields {
  readonly idleReapEnabled: boolean;
  readonly idleThresholdSeconds: string;
  readonly keepaliveMaxSeconds: string;
  /** In words, as they are in force: "35 minutes". */
  readonly idleInWords: string;
  readonly keepaliveInWords: string;
  readonly problems: LifecycleProblems;
}

export interface LifecycleProblems {
  readonly idle?: string;
  readonly keepalive?: string;
}

export interface PasswordProblems {
  readonly current?: string;
  readonly next?: string;
  readonly again?: string;
  /** About none of them. */
  readonly other?: string;
}

export interface SettingsPage extends Frame {
  /** That something was just done. */
  readonly note?: string;
  readonly lifecycle: LifecycleFields;
  /** Whether the visitor may change them. */
  readonly canChange: boolean;
  /** Absent for whom it does not belong to. */
  readonly password?: { readonly isSet: boolean; readonly problems: PasswordProblems };
  /** Whether there are sessions to end. */
  readonly canEndSessions: boolean;
  readonly facts: readonly Fact[];
}

export interface KeyRow {
  readonly name: string;
  /** How its token begins. */
  readonly prefix: string;
  readonly created: Moment;
  /** Absent for one that was never used. */
  readonly lastUsed?: Moment;
  /** Absent for one that does not end. */
  readonly expires?: Moment;
  readonly hasExpired: boolean;
  readonly revokeHref: string;
}

export interface KeysPage extends Frame {
  readonly rows: readonly KeyRow[];
  readonly form: {
    readonly name: string;
    readonly terms: readonly { readonly id: string; readonly label: string; readonly chosen: boolean }[];
    readonly problems: KeyProblems;
  };
  /** The one that was just made. Its token is on this page and on no other. */
  readonly made?: { readonly name: string; readonly token: string };
}

export interface KeyProblems {
  readonly name?: string;
  readonly term?: string;
  /** About neither of them. */
  readonly other?: string;
}

export interface RevokeKeyPage extends Frame {
  readonly key: KeyRow;
}
