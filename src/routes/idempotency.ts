import type { MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { hashSecret } from '../domain/auth.ts';
import {
  claimKey,
  type KeptAnswer,
  keepAnswer,
  type KeyedRequest,
  releaseKey,
  requireKey,
} from '../domain/idempotency-commands.ts';
import { PROMPT_LIMIT, readAtMost } from './body.ts';
import type { AppContext, Env } from './context.ts';
import { isCreation } from './describe.ts';

/**
 * Carries a request that creates out once, however often it is sent with the same `Idempotency-Key`: its repetitions get the
 * first answer. What fails may be tried again with the same key.
 */
export const idempotent: MiddlewareHandler<Env> = async (c, next) => {
  const header = c.req.header('idempotency-key');
  if (header === undefined || !isCreation(c)) return next();
  const ports = c.get('ports');
  const asked = await keyedRequest(c, requireKey(header));
  const kept = await claimKey(ports, asked, c.req.raw.signal);
  if (kept !== undefined) return replay(c, kept);
  await next();
  if (c.res.ok) await keepAnswer(ports, asked, await answerOf(c.res));
  else await releaseKey(ports, asked);
};

async function keyedRequest(c: AppContext, key: string): Promise<KeyedRequest> {
  // What a route takes at most, it says itself when it reads it.
  const body = await readAtMost(c.req.raw.body, PROMPT_LIMIT);
  // Whoever reads it next finds it whole.
  c.req.raw = new Request(c.req.raw, { method: c.req.method, body });
  const { pathname, search } = new URL(c.req.url);
  const head = `${c.req.method} ${pathname}${search}\n`;
  const fingerprint = await hashSecret(head + new TextDecoder().decode(body));
  return { owner: c.get('principal').owner, key, fingerprint };
}

const answerOf = async (answer: Response): Promise<KeptAnswer> => ({
  status: answer.status,
  contentType: answer.headers.get('content-type') ?? undefined,
  body: await answer.clone().text(),
});

function replay(c: AppContext, { status, contentType, body }: KeptAnswer): Response {
  c.header('idempotency-replayed', 'true');
  if (contentType !== undefined) c.header('content-type', contentType);
  return c.body(body, status as ContentfulStatusCode);
}
