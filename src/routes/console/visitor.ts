import type { Principal } from '../../domain/identity.ts';
import type { MiddlewareHandler } from 'hono';
import { equalBytes } from '../../domain/equal-bytes.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { AppContext, Env } from '../context.ts';
import { identify } from '../identity.ts';
import { readForm } from './form.ts';
import { isPartial } from './page.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD']);

/**
 * Lets in who is signed in and sends everybody else to the login page. A form must repeat its session's token: a page on
 * a sibling host can send the cookie along, but cannot read the console to learn the token.
 */
export const signedIn: MiddlewareHandler<Env> = async (c, next) => {
  const principal = await identify(c);
  if (principal === undefined) return toLogin(c);
  c.set('principal', principal);
  if (!SAFE_METHODS.has(c.req.method)) await requireToken(c, principal);
  return next();
};

/** Remembers who is asking, for the header of a page that says there is nothing there. */
export const recognised: MiddlewareHandler<Env> = async (c, next) => {
  const principal = await identify(c);
  if (principal !== undefined) c.set('principal', principal);
  return next();
};

function toLogin(c: AppContext): Response {
  const { pathname, search } = new URL(c.req.url);
  const next = SAFE_METHODS.has(c.req.method) && pathname !== '/' ? pathname + search : undefined;
  const login = next === undefined ? '/login' : `/login?next=${encodeURIComponent(next)}`;
  if (!isPartial(c)) return c.redirect(login, 303);
  c.header('hx-redirect', login);
  return c.body(null, 401);
}

async function requireToken(c: AppContext, { csrfToken }: Principal): Promise<void> {
  if (csrfToken === undefined) return;
  const given = c.req.header('x-csrf-token') ?? (await readForm(c)).get('csrf_token') ?? '';
  if (!equalBytes(bytesOf(given), bytesOf(csrfToken))) {
    throw new SandboxdError('forbidden', 'This form is out of date. Load the page again, then repeat.');
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
