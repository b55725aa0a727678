import * as v from 'valibot';
import { invalid } from './errors.ts';

/** Of one owner; more than anybody can tell apart. */
export const MAX_API_KEYS = 500;
export const MAX_API_KEY_DAYS = 3650;

const DAY_MS = 24 * 3600 * 1000;
const DAYS = `must be a whole number of days from 1 to ${MAX_API_KEY_DAYS}`;

export const NewApiKey = v.object({
  name: v.pipe(
    v.string('must be a string'),
    v.trim(),
    v.nonEmpty('must say what the key is for'),
    v.maxLength(100, 'must be at most 100 characters'),
    // oxlint-disable-next-line no-control-regex
    v.regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters'),
  ),
  expires_at: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.isoTimestamp('must be a time like 2030-01-02T03:04:05Z'),
      v.description('RFC 3339; at most one of expires_at and expires_in_days'),
    ),
  ),
  expires_in_days: v.optional(
    v.pipe(v.number(DAYS), v.integer(DAYS), v.minValue(1, DAYS), v.maxValue(MAX_API_KEY_DAYS, DAYS)),
  ),
});

export type ApiKeyInput = v.InferOutput<typeof NewApiKey>;

/**
 * When a key ends that is made now, in milliseconds since the epoch; undefined for one that does not.
 * @throws invalid_request
 */
export function expiryOf({ expires_at, expires_in_days }: ApiKeyInput, now: number): number | undefined {
  if (expires_at !== undefined && expires_in_days !== undefined) {
    throw invalid('expires_at: give either this or expires_in_days.');
  }
  if (expires_in_days !== undefined) return now + expires_in_days * DAY_MS;
  if (expires_at === undefined) return undefined;
  const at = Date.parse(expires_at);
  if (at > now && at <= now + MAX_API_KEY_DAYS * DAY_MS) return at;
  throw invalid(`expires_at: must be a time that lies ahead, at most ${MAX_API_KEY_DAYS} days.`);
}
