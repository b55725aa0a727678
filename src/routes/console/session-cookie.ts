import { deleteCookie, setCookie } from 'hono/cookie';
import type { AppContext } from '../context.ts';
import { sessionCookieName } from '../identity.ts';

/** Hands a session to the browser, for this host alone. Lax: links into the console from elsewhere find one signed in. */
export function giveSession(c: AppContext, session: string, maxAgeSeconds: number): void {
  setCookie(c, sessionCookieName(c.get('ports').instance), session, {
    ...attributes(c),
    maxAge: maxAgeSeconds,
  });
}

export const dropSession = (c: AppContext): string | undefined =>
  deleteCookie(c, sessionCookieName(c.get('ports').instance), attributes(c));

const attributes = (c: AppContext) =>
  ({
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: c.get('ports').instance.addressing.tls,
  }) as const;
