import type { MiddlewareHandler } from 'hono';
import type { AppContext, Env } from '../context.ts';
import { limitBody } from '../body.ts';

/** The console's forms hold a few short fields. */
export const limitForm = limitBody(64 * 1024);

const limitPrompt = limitBody(3 * 1024 * 1024);
const isPrompt = (path: string): boolean => /^\/apps\/[^/]+\/tasks$/.test(path);

/** MAX_CONFIG_VALUE_BYTES, each of which may be a line's end, that a form sends as six, and the rest of the form. */
const limitConfig = limitBody(512 * 1024);
const isConfig = (path: string): boolean => /^\/apps\/[^/]+\/config(?:\/edit)?$/.test(path);

/**
 * Of the forms of an app, one holds a prompt: MAX_PROMPT_LENGTH characters, each nine bytes long or a little more; and two a
 * value of its config.
 */
export const limitAppForm: MiddlewareHandler<Env> = (c, next) => {
  if (isPrompt(c.req.path)) return limitPrompt(c, next);
  return isConfig(c.req.path) ? limitConfig(c, next) : limitForm(c, next);
};

/** The fields of a submitted form; empty when the body is no form. May be read more than once. */
export async function readForm(c: AppContext): Promise<URLSearchParams> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams();
  return new URLSearchParams(await c.req.text());
}
