import { matchedRoutes } from 'hono/route';
import type { AppContext } from './context.ts';

/** Of what `use` registers: it sees requests, and answers none. */
const MIDDLEWARE = 'ALL';

/**
 * The pattern of the route that a request is for, like `/v1/apps/:id`, also when it is refused on the way there; `/*` for
 * none. It never holds anything of the path's own, which may be a secret.
 */
export const routePattern = (c: AppContext): string =>
  matchedRoutes(c).find(({ method }) => method !== MIDDLEWARE)?.path ?? '/*';
