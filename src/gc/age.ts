/** What is younger may be somebody's who has not said so yet. */
export const GRACE_MS = 7 * 24 * 3600 * 1000;

export const isOld = (ageMs: number): boolean => ageMs >= GRACE_MS;
