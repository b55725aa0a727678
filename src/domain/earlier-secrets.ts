/** Characters of what was secret before: as much as an app can have at a time. */
export const MAX_EARLIER = 512 * 1024;

/**
 * What is masked: all that is secret now, and of what was before the latest, so much. Whoever
 * changes values again and again must not use up the memory of those who mask them.
 * @param before what this said last, the latest first
 */
export function withEarlier(now: readonly string[], before: Iterable<string>): string[] {
  const known = new Set(now);
  let left = MAX_EARLIER;
  for (const secret of before) {
    if (known.has(secret)) continue;
    left -= secret.length;
    if (left < 0) break;
    known.add(secret);
  }
  return [...known];
}
