import { Hono } from 'hono';
import { SandboxdError } from '../domain/errors.ts';
import { requireOperator } from '../domain/operators.ts';
import type { AppContext, Env } from './context.ts';
import { operation } from './describe.ts';
import { identify } from './identity.ts';
import { isLocalPeer } from './peer.ts';

/** For a monitoring system: on this machine without further ado, from elsewhere with a token of an operator's. */
export const metrics = new Hono<Env>().get(
  '/metrics',
  operation({
    id: 'getMetrics',
    summary: 'Counters and durations, in the text format of Prometheus',
    description:
      'Programs on the machine of the server need no token. From elsewhere it takes a token of an owner who is named in `SANDBOXD_OPERATORS`.',
    tag: 'Instance',
    ok: { 200: 'Metrics, as `text/plain`' },
    errors: ['forbidden', 'unavailable'],
  }),
  async (c) => {
    await requireReader(c);
    const { type, text } = await c.get('ports').metricsPage.render();
    return c.body(text, 200, { 'content-type': type, 'cache-control': 'no-store' });
  },
);

async function requireReader(c: AppContext): Promise<void> {
  if (isLocalPeer(c)) return;
  const principal = await identify(c);
  if (principal === undefined)
    throw new SandboxdError(
      'unauthorized',
      'Metrics are for operators. Send "Authorization: Bearer <token>", or ask on the machine of the server itself.',
    );
  requireOperator(c.get('ports').instance, principal.owner);
}
