import type { Frame, TimelineEntry } from './models.ts';

/** What happened, and to which app; without one where it is gone, or where it was about none. */
export interface ActivityEntry extends TimelineEntry {
  readonly app?: { readonly name: string; readonly href: string };
}

export interface ActivityPage extends Frame {
  readonly kinds: readonly { readonly label: string; readonly href: string; readonly chosen: boolean }[];
  readonly entries: readonly ActivityEntry[];
  /** This page, to look at it again. */
  readonly here: string;
  /** Absent on the first page. */
  readonly newestHref?: string;
  readonly olderHref?: string;
}
