import type { MiddlewareHandler } from 'hono';
import type { AppContext, Env } from './context.ts';
import { isSafe } from './identity.ts';
import { routePattern } from './route-pattern.ts';

/** One line of the log and one count for each request, by the pattern of its route: paths and queries may hold secrets. */
export const observed: MiddlewareHandler<Env> = async (c, next) => {
  const begun = performance.now();
  await next();
  const ports = c.get('ports');
  // Absent when not even they could be made: then the entry has told why.
  if (ports === undefined) return;
  const seconds = (performance.now() - begun) / 1000;
  const [method, route, status] = [c.req.method, routePattern(c), c.res.status];
  ports.metrics.count('http_requests_total', { method, route, status: String(status) });
  ports.metrics.observe('http_request_duration_seconds', seconds, { method, route });
  const fields = { method, route, status, ms: Math.round(seconds * 1000), owner: c.get('principal')?.owner };
  if (isWorthALine(c)) ports.log.info('request', fields);
  else ports.log.debug('request', fields);
};

/** What changed something, or failed. Nodes say the same every few seconds. */
const isWorthALine = (c: AppContext): boolean =>
  c.res.status >= 400 || (!isSafe(c.req.method) && !c.req.path.startsWith('/internal/'));
