/** What the models of all pages are made of. */

/** What the frame around every page needs. */
export interface Frame {
  /** Who is signed in; absent on pages for strangers. */
  readonly account?: Account;
  /** What every form repeats; absent where nothing rides on a cookie. */
  readonly csrfToken?: string;
}

export interface Account {
  readonly owner: string;
  /** Without authentication there is nothing to sign out of. */
  readonly canSignOut: boolean;
}

export type Tone = 'ok' | 'busy' | 'idle' | 'warn' | 'bad';

/** One status in one word, coloured by how good it is. */
export interface Chip {
  readonly label: string;
  readonly tone: Tone;
}

/** A moment: how long ago, for reading, and exactly, for machines and tooltips. */
export interface Moment {
  readonly ago: string;
  readonly iso: string;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly title?: string;
  /** Where its value leads to. */
  readonly href?: string;
  /** What is said after it. */
  readonly note?: string;
}
