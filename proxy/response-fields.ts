import type { ResponseHead } from './response-head.ts';
import { setsOurCookie } from './secrets.ts';

/** Meant for one hop only. Connection and Transfer-Encoding never leave the parser. */
const HOP_BY_HOP = new Set([
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'upgrade',
]);

export interface RelayedFields {
  /** Name, value, name, value … */
  readonly fields: string[];
  readonly dated: boolean;
}

/** What the console's responses pass on: everything end-to-end. */
export function consoleFields(head: ResponseHead): RelayedFields {
  return select(head, () => true);
}

/**
 * What a tenant's responses pass on: nothing that reaches beyond the preview's own origin.
 * @param framing a policy for pages that say nothing about who may frame them
 */
export function previewFields(head: ResponseHead, framing: string): RelayedFields {
  let framed = false;
  const relayed = select(head, (lower, value) => {
    if (lower === 'set-cookie') return !setsOurCookie(value);
    if (lower === 'clear-site-data') return !clearsCookies(value);
    framed ||= decidesFraming(lower, value);
    return true;
  });
  if (!framed && head.status !== 101) relayed.fields.push('Content-Security-Policy', framing);
  return relayed;
}

function select(head: ResponseHead, keep: (lower: string, value: string) => boolean): RelayedFields {
  const fields: string[] = [];
  let dated = false;
  for (let i = 0; i + 1 < head.fields.length; i += 2) {
    const name = head.fields[i] ?? '';
    const value = head.fields[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || isNominated(head, lower) || !keep(lower, value)) continue;
    if (lower === 'content-length' && isUnlikelyLength(head)) continue;
    dated ||= lower === 'date';
    fields.push(name, value);
  }
  return { fields, dated };
}

/** A nominated length goes, too: the body is then framed anew. */
const isNominated = (head: ResponseHead, lower: string): boolean =>
  head.connection.length > 0 && head.connection.includes(lower);

/** Responses that have no body and must not announce one. */
const isUnlikelyLength = ({ status }: ResponseHead) => status === 204 || status === 101;

/** It clears the cookies of the whole registrable domain, the console's included. */
const clearsCookies = (value: string) => /"(?:cookies|\*)"/i.test(value);

function decidesFraming(lower: string, value: string): boolean {
  if (lower === 'x-frame-options') return true;
  return lower === 'content-security-policy' && /frame-ancestors/i.test(value);
}
