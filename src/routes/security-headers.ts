import type { MiddlewareHandler } from 'hono';
import { authority, type PreviewAddressing, previewSuffix } from '../domain/preview.ts';
import type { Env } from './context.ts';
import { setHeaders } from './set-headers.ts';

/** For everything that is not a page: JSON, and bytes that tenants wrote. Nothing of it may run or be framed. */
const INERT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

const COMMON: readonly (readonly [name: string, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  // Not "no-referrer": with it, browsers send "Origin: null" along with the console's own forms.
  ['referrer-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
];

/**
 * Adds to every response what limits the damage of hostile content. A header that a handler set itself is left alone.
 */
export const securityHeaders: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const isPage = c.res.headers.get('content-type')?.startsWith('text/html') ?? false;
  const policy = isPage ? pagePolicy(c.get('ports')?.instance.addressing) : INERT_POLICY;
  const wanted = [...COMMON, ['content-security-policy', policy] as const];
  setHeaders(
    c,
    wanted.filter(([name]) => !c.res.headers.has(name)),
  );
};

/**
 * Pages load nothing but the console's own files, and frame nothing but previews.
 * @param addressing absent when a request failed before anything was known: then no preview is
 */
export function pagePolicy(addressing: PreviewAddressing | undefined): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    // Its own paths lead to private previews; none of its own pages can be framed.
    `frame-src 'self'${addressing === undefined ? '' : ` ${previewSource(addressing)}`}`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ');
}

const previewSource = (addressing: PreviewAddressing): string =>
  `${addressing.tls ? 'https' : 'http'}://${authority(`*${previewSuffix(addressing.domain)}`, addressing)}`;
