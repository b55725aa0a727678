import { Hono } from 'hono';
import type { Ports } from './domain/ports.ts';
import { audited } from './routes/audit.ts';
import { consolePages } from './routes/console/index.ts';
import type { AppContext, Env } from './routes/context.ts';
import { renderError, renderNotFound } from './routes/errors.ts';
import { health } from './routes/health.ts';
import { internal } from './routes/internal/sync.ts';
import { localHostOnly, sameOrigin } from './routes/identity.ts';
import { metrics } from './routes/metrics.ts';
import { observed } from './routes/observed.ts';
import type { PeerSource } from './routes/peer.ts';
import { requestIds } from './routes/request-id.ts';
import { securityHeaders } from './routes/security-headers.ts';
import { v1 } from './routes/v1/index.ts';

/**
 * The API and the console as one Hono app, for Node and for workerd alike.
 * @param portsOf makes what a request needs; called once per request
 * @param peerOf tells where a request came from
 */
export function createApp(portsOf: (c: AppContext) => Ports | Promise<Ports>, peerOf: PeerSource) {
  return new Hono<Env>()
    .onError(renderError)
    .notFound(renderNotFound)
    .use(requestIds)
    .use(observed)
    .use(securityHeaders)
    .use(async (c, next) => {
      c.set('peer', peerOf(c));
      const ports = await portsOf(c);
      c.set('ports', { ...ports, log: ports.log.with({ requestId: c.get('requestId') }) });
      await next();
    })
    .route('/', health)
    .route('/internal', internal)
    .use(audited({ kind: 'unknown' }))
    .use(localHostOnly)
    .use(sameOrigin)
    .route('/', metrics)
    .route('/v1', v1)
    .route('/', consolePages);
}
