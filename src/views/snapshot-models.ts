import type { Chip, Frame, Moment } from './basic-models.ts';

/** What the templates of snapshots are given. */

export interface SnapshotRow {
  readonly id: string;
  /** Below it is what can be done with it. */
  readonly href: string;
  readonly name: string;
  readonly chip: Chip;
  readonly at: Moment;
  /** Whether a restore took it of what it was about to replace. */
  readonly isSafety: boolean;
  /** What it holds. */
  readonly facts: readonly string[];
  /** How far it has come, while it is captured. */
  readonly progress?: string;
  /** Why it failed. */
  readonly problem?: string;
  /** What was left out or changed. */
  readonly warnings: readonly string[];
  /** The one it descends from. */
  readonly parent?: { readonly name: string; readonly href?: string };
  /** Whether the app as it is now was made from it. */
  readonly isBase: boolean;
  /** Whether something can be made from it. */
  readonly isReady: boolean;
  readonly canDelete: boolean;
}

/** Where one asks for another one. */
export interface CaptureForm {
  /** The page that it is on, to come back to. */
  readonly from: 'app' | 'history';
  readonly name: string;
  /** What was wrong with what was sent. */
  readonly problem?: string;
  /** Whether it can be asked for now. */
  readonly isOpen: boolean;
  /** What asking does besides, or why it cannot be done. */
  readonly hint?: string;
}

export interface AppSnapshots {
  readonly form: CaptureForm;
  readonly rows: readonly SnapshotRow[];
}

export interface SnapshotsPage extends Frame, AppSnapshots {
  readonly id: string;
  readonly name: string;
  /** This page as it is, to look at it again. */
  readonly here: string;
  readonly isFirstPage: boolean;
  readonly olderHref?: string;
  /** Whether something is under way, so that pages without scripts reload too. */
  readonly settling: boolean;
}

/** A question about a snapshot. */
interface SnapshotQuestion extends Frame {
  readonly id: string;
  readonly name: string;
  readonly snapshot: Pick<SnapshotRow, 'href' | 'name' | 'at' | 'facts'>;
  /** Where who does not want it goes. */
  readonly backHref: string;
  /** Why it was not done. */
  readonly problem?: string;
}

export interface RestorePage extends SnapshotQuestion {
  /** Whether there is something that it replaces. */
  readonly isReplaced: boolean;
  /** Whether that has an address. */
  readonly isVisited: boolean;
}

export interface ForkPage extends SnapshotQuestion {
  readonly forkName: string;
  readonly nameProblem?: string;
}

export type DeleteSnapshotPage = SnapshotQuestion;
