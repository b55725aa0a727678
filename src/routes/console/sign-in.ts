import { Hono } from 'hono';
import * as v from 'valibot';
import { type OpenedSession, redeemLoginLink } from '../../domain/auth.ts';
import { SandboxdError } from '../../domain/errors.ts';
import { hasPassword, logIn, logInWithToken, PasswordLogin } from '../../domain/password-commands.ts';
import type { SignInProblems } from '../../views/identity-models.ts';
import { afterwards } from '../afterwards.ts';
import type { AppContext, Env } from '../context.ts';
import { identify } from '../identity.ts';
import { peerAddress } from '../peer.ts';
import { retryAfter } from '../retry-after.ts';
import { beginSession, endAllSessions, endSession } from '../session-cookie.ts';
import { limitForm, readForm } from './form.ts';
import { page } from './page.ts';
import { safeNext } from './safe-next.ts';
import { signedIn } from './visitor.ts';

/** Ways in and out. */
export const signInPages = new Hono<Env>()
  .get('/login', async (c) => {
    const next = safeNext(c.req.query('next'));
    return (await identify(c)) === undefined ? ask(c, next, {}) : c.redirect(next, 303);
  })
  .post('/login', limitForm, async (c) => {
    const form = await readForm(c);
    const next = safeNext(form.get('next'));
    const password = form.get('password');
    if (password === null) return byToken(c, form.get('token')?.trim() ?? '', next);
    const given = v.safeParse(PasswordLogin, { password });
    if (password === '' || !given.success) {
      return ask(c, next, { password: 'Enter the password.' }, 400);
    }
    return enter(c, next, 'password', () => logIn(c.get('ports'), given.output, peerAddress(c)));
  })
  // Only the POST uses the link up: previews of links, scanners and prefetching browsers send a GET.
  .get('/login/:secret', (c) => page(c, 'login-link', { action: `/login/${c.req.param('secret')}` }))
  .post('/login/:secret', limitForm, (c) =>
    enter(c, '/', 'link', () => redeemLoginLink(c.get('ports'), c.req.param('secret'))),
  )
  .post('/logout', limitForm, signedIn, async (c) => {
    await endSession(c);
    return c.redirect('/login', 303);
  })
  .post('/logout/everywhere', limitForm, signedIn, async (c) => {
    await endAllSessions(c);
    return c.redirect('/login', 303);
  });

async function byToken(c: AppContext, token: string, next: string): Promise<Response> {
  if (token === '') return ask(c, next, { token: 'Paste a token.' }, 400);
  return enter(c, next, 'token', () => logInWithToken(c.get('ports'), token, peerAddress(c), afterwards(c)));
}

/** Goes where the visitor was going, or says beside what was given why not. */
async function enter(
  c: AppContext,
  next: string,
  way: keyof SignInProblems,
  open: () => Promise<OpenedSession>,
): Promise<Response> {
  try {
    await beginSession(c, await open());
    return c.redirect(next, 303);
  } catch (error) {
    if (!(error instanceof SandboxdError) || (error.status !== 401 && error.status !== 429)) throw error;
    retryAfter(c, error);
    return ask(c, next, { [way]: error.message }, error.status);
  }
}

async function ask(
  c: AppContext,
  next: string,
  problems: SignInProblems,
  status: 200 | 400 | 401 | 429 = 200,
): Promise<Response> {
  return page(c, 'login', { next, problems, hasPassword: await hasPassword(c.get('ports')) }, status);
}
