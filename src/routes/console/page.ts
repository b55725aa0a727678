import type { Account, Frame, Views } from '../../views/models.ts';
import { renderView } from '../../views/render.ts';
import type { AppContext } from '../context.ts';

export type PageStatus = 200 | 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 502 | 503;
type Content<Name extends keyof Views> = Omit<Views[Name], keyof Frame>;

/** Answers with a page for whoever is asking. */
export function page<Name extends keyof Views>(
  c: AppContext,
  name: Name,
  content: Content<Name>,
  status: PageStatus = 200,
): Response {
  // What one visitor sees is nobody else's: neither a shared cache's nor the next user's of this browser.
  c.header('cache-control', 'no-store');
  return c.html(renderView(name, { ...content, ...frameOf(c) } as Views[Name]), status);
}

function frameOf(c: AppContext): Frame {
  const principal = c.get('principal') as AppContext['var']['principal'] | undefined;
  if (principal === undefined) return {};
  const account: Account = { owner: principal.owner, canSignOut: principal.via === 'session' };
  return { account, csrfToken: principal.csrfToken };
}

/** Whether htmx asks: it replaces a part of the page that is already there. */
export const isPartial = (c: AppContext): boolean => c.req.header('hx-request') === 'true';
