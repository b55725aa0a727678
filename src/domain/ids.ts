import { encodeTime, isValid, monotonicFactory, TIME_LEN } from 'ulid';

/** Makes ids: ULIDs that strictly increase within one process, so that they order and page. */
export type IdSource = () => string;

/** Wall-clock milliseconds since the epoch. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

export function ulidSource(clock: Clock = systemClock): IdSource {
  const next = monotonicFactory();
  return () => next(clock());
}

/** The canonical (upper case) form of an id given in either case, or undefined when it is no id at all. */
export function parseId(text: string): string | undefined {
  const id = text.toUpperCase();
  return isValid(id) ? id : undefined;
}

/** Above every id made before a moment, and below every other. @param ms since the epoch */
export const firstIdAt = (ms: number): string => encodeTime(Math.max(0, ms), TIME_LEN);

/** RFC 3339 UTC, millisecond precision. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();
