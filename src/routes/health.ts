import { Hono } from 'hono';
import { SandboxdError } from '../domain/errors.ts';
import type { Env } from './context.ts';
import { operation } from './describe.ts';
import { HealthBody } from './v1/schemas.ts';

/** For load balancers and supervisors: no authentication, and nothing said that a stranger could use. */
export const health = new Hono<Env>()
  .get(
    '/healthz',
    operation({
      id: 'liveness',
      summary: 'Whether the process runs',
      tag: 'Instance',
      open: true,
      ok: { 200: HealthBody },
    }),
    (c) => c.json({ status: 'ok' as const }),
  )
  .get(
    '/readyz',
    operation({
      id: 'readiness',
      summary: 'Whether requests can be served: the store and a node answer',
      tag: 'Instance',
      open: true,
      ok: { 200: HealthBody },
      errors: ['unavailable'],
    }),
    async (c) => {
      const { store, nodes, log } = c.get('ports');
      try {
        await store.ping();
        await nodes.client(await nodes.place()).ping();
      } catch (cause) {
        log.warn('not ready', { reason: cause instanceof Error ? cause.message : String(cause) });
        throw new SandboxdError('unavailable', 'Not ready.', { cause });
      }
      return c.json({ status: 'ok' as const });
    },
  );
