import { PREVIEW_TOKEN_PARAMETER } from '../src/domain/preview-token.ts';

/**
 * Keeping what is ours from tenants. Every cookie of ours, the console's too, begins with `sandboxd_` (behind the
 * prefixes that browsers give a meaning); tenants neither see nor set one.
 */
const OUR_COOKIE = /^(?:__host-|__secure-)?sandboxd_/i;

/** A Cookie field without our cookies; undefined when nothing is left. */
export function withoutOurCookies(field: string): string | undefined {
  if (!/sandboxd_/i.test(field)) return field;
  const kept = field.split(';').filter((pair) => !OUR_COOKIE.test(cookieName(pair)));
  return kept.length === 0 ? undefined : kept.join(';').trimStart();
}

/** Whether a Set-Cookie field would set a cookie of ours. */
export const setsOurCookie = (field: string): boolean => OUR_COOKIE.test(cookieName(field));

/** The values of every cookie called `name`: a sibling host can add more of the same name, so the first may be false. */
export function cookieValues(field: string, name: string): string[] {
  return field
    .split(';')
    .filter((pair) => cookieName(pair) === name)
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim());
}

/**
 * A cookie without a name ("=a=b") is sent back as "a=b", so leading equals signs are no part of what names it.
 */
function cookieName(pair: string): string {
  const text = pair.replace(/^[\s=]+/, '');
  const end = text.search(/[=;]/);
  return (end < 0 ? text : text.slice(0, end)).trim();
}

/** Takes the preview token out of a raw target; every other byte stays as it is. */
export function splitToken(url: string): { readonly url: string; readonly token: string | undefined } {
  const query = url.indexOf('?');
  if (query < 0 || !url.includes(PREVIEW_TOKEN_PARAMETER, query)) return { url, token: undefined };
  const assignment = `${PREVIEW_TOKEN_PARAMETER}=`;
  const parameters = url.slice(query + 1).split('&');
  const ours = parameters.filter((parameter) => parameter.startsWith(assignment));
  if (ours.length === 0) return { url, token: undefined };
  const rest = parameters.filter((parameter) => !parameter.startsWith(assignment)).join('&');
  return {
    url: url.slice(0, query) + (rest === '' ? '' : `?${rest}`),
    token: ours[0]?.slice(assignment.length),
  };
}

/** Whether a Referer would tell a tenant a token. */
export const tellsToken = (referer: string): boolean => referer.includes(`${PREVIEW_TOKEN_PARAMETER}=`);
