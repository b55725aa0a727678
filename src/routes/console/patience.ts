/** Milliseconds: what is slow to answer must not hold up the page on which something can be done about it. */
export const PATIENCE_MS = 2000;
