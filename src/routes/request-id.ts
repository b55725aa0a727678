import type { MiddlewareHandler } from 'hono';
import type { Env } from './context.ts';
import { setHeaders } from './set-headers.ts';

const HEADER = 'x-request-id';
/** What can stand in a log line and a header without being quoted. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Names each request: as its client does, when that is a name, so that the two can be found in each other's logs. */
export const requestIds: MiddlewareHandler<Env> = async (c, next) => {
  const given = c.req.header(HEADER);
  const id = given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID();
  c.set('requestId', id);
  await next();
  setHeaders(c, [[HEADER, id]]);
};
