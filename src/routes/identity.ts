import type { Principal } from '../domain/identity.ts';
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { authenticate } from '../domain/auth.ts';
import { SandboxdError } from '../domain/errors.ts';
import type { Instance, Ports } from '../domain/ports.ts';
import type { AppContext, Env } from './context.ts';
import { afterwards } from './afterwards.ts';

/**
 * The session cookie is host-only: preview hosts are siblings below the same domain and run tenants' scripts. Under
 * TLS the `__Host-` prefix makes browsers refuse one that such a sibling plants.
 */
export const sessionCookieName = (instance: Instance): string =>
  instance.addressing.tls ? '__Host-sandboxd' : 'sandboxd_session';

export const sessionSecret = (c: AppContext): string | undefined =>
  getCookie(c, sessionCookieName(c.get('ports').instance));

/** Who is asking, if that can be told; for pages that redirect strangers themselves. */
export async function identify(c: AppContext): Promise<Principal | undefined> {
  const header = c.req.header('authorization');
  const bearer = header === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(header)?.[1] ?? '');
  return authenticate(c.get('ports'), { bearer, session: sessionSecret(c) }, afterwards(c));
}

/** Lets nobody in without a valid token or session. */
export const authenticated: MiddlewareHandler<Env> = async (c, next) => {
  const principal = await identify(c);
  if (principal === undefined) {
    const sent = c.req.header('authorization') !== undefined;
    throw new SandboxdError(
      'unauthorized',
      `${sent ? 'This token is not valid.' : 'Send "Authorization: Bearer <token>".'} Make a token with "sandboxd token create".`,
    );
  }
  c.set('principal', principal);
  await next();
};

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a request by this method changes nothing. */
export const isSafe = (method: string): boolean => SAFE_METHODS.has(method);

/**
 * Refuses requests that another site makes in a visitor's name: anything unsafe that rides on a cookie (or on auth-off)
 * must come from this very origin. Requests with a bearer token carry their own proof.
 */
export const sameOrigin: MiddlewareHandler<Env> = async (c, next) => {
  if (!isSafe(c.req.method) && c.req.header('authorization') === undefined && !isSameOrigin(c)) {
    throw new SandboxdError(
      'forbidden',
      'This request came from another site. Use the console, or a bearer token.',
    );
  }
  await next();
};

function isSameOrigin(c: AppContext): boolean {
  const origin = c.req.header('origin');
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === c.req.header('host');
  const site = c.req.header('sec-fetch-site');
  // Neither header: no browser made it, so no visitor's cookie or address is being borrowed.
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** With authentication off the Host must be a local name, or any web page could reach the API by DNS rebinding. */
export const localHostOnly: MiddlewareHandler<Env> = async (c, next) => {
  if (c.get('ports').instance.auth === 'off' && !isLocalName(c.req.header('host') ?? '', c.get('ports'))) {
    throw new SandboxdError('forbidden', 'With authentication off, only local host names are served.');
  }
  await next();
};

/** Whether a Host names this machine. */
export function isLocalName(host: string, ports: Ports): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    (ports.instance.addressing.domain.endsWith('localhost') && name === ports.instance.addressing.domain)
  );
}
