import type { AppContext } from '../context.ts';
import { limitBody } from '../body.ts';

/** The console's forms hold a few short fields. */
export const limitForm = limitBody(64 * 1024);

/** The fields of a submitted form; empty when the body is no form. May be read more than once. */
export async function readForm(c: AppContext): Promise<URLSearchParams> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams();
  return new URLSearchParams(await c.req.text());
}
