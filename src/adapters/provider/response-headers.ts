import type { IncomingHttpHeaders } from 'node:http';
import type { Mask } from '../../domain/mask.ts';

/** What agents read: the form of the answer, when to come again, how much is left, and what to tell the provider's support. */
const KEPT =
  /^(content-type|cache-control|retry-after(-ms)?|x-should-retry|(x-)?request-id|x-ratelimit-.+|anthropic-.+|openai-.+)$/;
/** They name the account behind the key. */
const KEPT_BACK = new Set(['anthropic-organization-id', 'openai-organization', 'openai-project']);

/** What comes back. The length does not: masking a key may change it. */
export function responseHeaders(given: IncomingHttpHeaders, mask: Mask): Record<string, string> {
  const kept = Object.entries(given).filter(([name]) => KEPT.test(name) && !KEPT_BACK.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, bytesOf(mask.text(String(value)))]));
}

/** A header carries bytes, which Node wants as one character each. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
