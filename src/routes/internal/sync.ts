import { Hono } from 'hono';
import { SandboxdError } from '../../domain/errors.ts';
import type { SyncRequest } from '../../domain/node.ts';
import { answerSync } from '../../domain/node-sync.ts';
import { limitBody } from '../body.ts';
import type { Env } from '../context.ts';

/** Ten thousand sandboxes and a day's reports of an API that was away fit. */
const MAX_SYNC_BYTES = 32 * 1024 * 1024;

/** The API's side of the internal channel: nodes say what is, and hear what should be. */
export const internal = new Hono<Env>().post('/v1/nodes/:id/sync', limitBody(MAX_SYNC_BYTES), async (c) => {
  const body = new Uint8Array(await c.req.arrayBuffer());
  const { pathname, search } = new URL(c.req.url);
  const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
  const sender = await c
    .get('ports')
    .channel.verify({ method: 'POST', path: pathname + search, body }, token);
  if (sender !== c.req.param('id')) throw new SandboxdError('forbidden', 'A node speaks for itself only.');
  const heard = JSON.parse(new TextDecoder().decode(body)) as SyncRequest;
  return c.json(await answerSync(c.get('ports'), sender, heard));
});
