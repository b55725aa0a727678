import { Hono } from 'hono';
import type { Ports } from './domain/ports.ts';
import { audited } from './routes/audit.ts';
import { consolePages } from './routes/console/index.ts';
import type { AppContext, Env } from './routes/context.ts';
import { renderError, renderNotFound } from './routes/errors.ts';
import { health } from './routes/health.ts';
import { internal } from './routes/internal/sync.ts';
import { localHostOnly, sameOrigin } from './routes/identity.ts';
import { requestIds } from './routes/request-id.ts';
import { securityHeaders } from './routes/security-headers.ts';
import { v1 } from './routes/v1/index.ts';

/**
 * The API and the console as one Hono app, for Node and for workerd alike.
 * @param portsOf makes what a request needs; called once per request
 */
export function createApp(portsOf: (c: AppContext) => Ports | Promise<Ports>) {
  return new Hono<Env>()
    .onError(renderError)
    .notFound(renderNotFound)
    .use(requestIds)
    .use(securityHeaders)
    .use(async (c, next) => {
      c.set('ports', await portsOf(c));
      await next();
    })
    .route('/', health)
    .route('/internal', internal)
    .use(audited({ kind: 'unknown' }))
    .use(localHostOnly)
    .use(sameOrigin)
    .route('/v1', v1)
    .route('/', consolePages);
}
