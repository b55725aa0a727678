import { Hono } from 'hono';
import { closeSession, redeemLoginLink, signIn } from '../../domain/auth.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { AppContext, Env } from '../context.ts';
import { identify, sessionSecret } from '../identity.ts';
import { limitForm, readForm } from './form.ts';
import { page } from './page.ts';
import { safeNext } from './safe-next.ts';
import { dropSession, giveSession } from './session-cookie.ts';
import { signedIn } from './visitor.ts';

type Opened = { session: string; maxAgeSeconds: number };

/** Ways in and out. */
export const signInPages = new Hono<Env>()
  .get('/login', async (c) => {
    const next = safeNext(c.req.query('next'));
    return (await identify(c)) === undefined ? page(c, 'login', { next }) : c.redirect(next, 303);
  })
  .post('/login', limitForm, async (c) => {
    const form = await readForm(c);
    const next = safeNext(form.get('next'));
    const token = form.get('token')?.trim() ?? '';
    if (token === '') return page(c, 'login', { next, fieldProblem: 'Paste a token.' }, 400);
    try {
      return await enter(c, await signIn(c.get('ports'), token), next);
    } catch (error) {
      return page(c, 'login', { next, fieldProblem: refusal(error) }, 401);
    }
  })
  // Only the POST uses the link up: previews of links, scanners and prefetching browsers send a GET.
  .get('/login/:secret', (c) => page(c, 'login-link', { action: `/login/${c.req.param('secret')}` }))
  .post('/login/:secret', limitForm, async (c) => {
    try {
      return await enter(c, await redeemLoginLink(c.get('ports'), c.req.param('secret')), '/');
    } catch (error) {
      return page(c, 'login', { next: '/', problem: refusal(error) }, 401);
    }
  })
  .post('/logout', limitForm, signedIn, async (c) => {
    await leave(c);
    return c.redirect('/login', 303);
  });

/** A session that was open in this browser ends with the new one's beginning. */
async function enter(c: AppContext, { session, maxAgeSeconds }: Opened, next: string): Promise<Response> {
  await leave(c);
  giveSession(c, session, maxAgeSeconds);
  return c.redirect(next, 303);
}

async function leave(c: AppContext): Promise<void> {
  const session = sessionSecret(c);
  if (session === undefined) return;
  await closeSession(c.get('ports'), session);
  dropSession(c);
}

/** @throws whatever is not a refusal of what the visitor gave */
function refusal(error: unknown): string {
  if (error instanceof SandboxdError && error.code === 'unauthorized') return error.message;
  throw error;
}
