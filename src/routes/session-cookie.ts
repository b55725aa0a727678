import { deleteCookie, setCookie } from 'hono/cookie';
import { closeSession, closeSessions, type OpenedSession } from '../domain/auth.ts';
import type { AppContext } from './context.ts';
import { sessionCookieName, sessionSecret } from './identity.ts';

/**
 * Hands a session to the browser, for this host alone. One that was open in it ends with the new one's beginning. Lax: links
 * into the console from elsewhere find one signed in.
 */
export async function beginSession(c: AppContext, opened: OpenedSession): Promise<void> {
  await endSession(c);
  const { secret, owner, maxAgeSeconds } = opened;
  setCookie(c, sessionCookieName(c.get('ports').instance), secret, {
    ...attributes(c),
    maxAge: maxAgeSeconds,
  });
  c.set('principal', { owner, via: 'session', actor: { kind: 'session' } });
}

/** Ends the browser's session, if it has one. */
export async function endSession(c: AppContext): Promise<void> {
  const session = sessionSecret(c);
  if (session === undefined) return;
  await closeSession(c.get('ports'), session);
  dropCookie(c);
}

/** Ends all sessions of who is asking, this one with them. */
export async function endAllSessions(c: AppContext): Promise<void> {
  await closeSessions(c.get('ports'), c.get('principal').owner);
  dropCookie(c);
}

/** Ends all sessions of who is asking but the one that asks. */
export const endOtherSessions = (c: AppContext): Promise<void> =>
  closeSessions(c.get('ports'), c.get('principal').owner, sessionSecret(c));

const dropCookie = (c: AppContext): string | undefined =>
  deleteCookie(c, sessionCookieName(c.get('ports').instance), attributes(c));

const attributes = (c: AppContext) =>
  ({
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: c.get('ports').instance.addressing.tls,
  }) as const;
