import type { Later } from '../domain/auth.ts';
import type { AppContext } from './context.ts';

/** Has work go on when the answer is out. At the edge a request's work ends with it, unless the platform is told to wait. */
export const afterwards =
  (c: AppContext): Later =>
  (work) =>
    platformOf(c)?.waitUntil(work);

function platformOf(c: AppContext): AppContext['executionCtx'] | undefined {
  try {
    return c.executionCtx;
  } catch {
    // Hono throws where there is none: in a process that outlives its requests, work simply goes on.
    return undefined;
  }
}
