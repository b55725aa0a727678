import { Hono } from 'hono';
import { SandboxdError } from '../../domain/errors.ts';
import type { SyncRequest } from '../../domain/node.ts';
import { answerSync } from '../../domain/node-sync.ts';
import { readAtMost } from '../body.ts';
import type { Env } from '../context.ts';

/** Ten thousand sandboxes and a day's reports of an API that was away fit. */
const MAX_SYNC_BYTES = 32 * 1024 * 1024;

/** The API's side of the internal channel: nodes say what is, and hear what should be. */
export const internal = new Hono<Env>().post('/v1/nodes/:id/sync', async (c) => {
  let bytes = new Uint8Array(0);
  const body = async () => (bytes = await readAtMost(c.req.raw.body, MAX_SYNC_BYTES));
  const { pathname, search } = new URL(c.req.url);
  const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
  const sender = await c
    .get('ports')
    .channel.verify({ method: 'POST', path: pathname + search, body }, token);
  if (sender !== c.req.param('id')) throw new SandboxdError('forbidden', 'A node speaks for itself only.');
  const heard = JSON.parse(new TextDecoder().decode(bytes)) as SyncRequest;
  return c.json(await answerSync(c.get('ports'), sender, heard));
});
