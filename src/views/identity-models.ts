import type { Chip, Frame, Moment } from './basic-models.ts';

/** What was wrong with what a visitor gave, by the way in that was tried. */
export interface SignInProblems {
  readonly link?: string;
  readonly password?: string;
  readonly token?: string;
}

export interface LoginPage extends Frame {
  readonly next: string;
  /** Whether the console has one to ask for. */
  readonly hasPassword: boolean;
  readonly problems: SignInProblems;
}

export interface LoginLinkPage extends Frame {
  readonly action: string;
}

export interface AuditRow {
  readonly id: string;
  readonly at: Moment;
  readonly who: string;
  /** Whose it was, and where it came from. */
  readonly whoNote: string;
  readonly action: string;
  readonly target: readonly { readonly name: string; readonly value: string }[];
  readonly result: Chip;
  /** To find the request in the log by. */
  readonly requestId: string;
}

export interface AuditPage extends Frame {
  readonly entries: readonly AuditRow[];
  /** Whether these are everybody's. */
  readonly ofEverybody: boolean;
  readonly isFirstPage: boolean;
  readonly olderHref?: string;
  /** Whether there are sessions to end. */
  readonly canSignOut: boolean;
}
