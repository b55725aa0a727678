import type { AppContext } from './context.ts';

/** Sets headers of the response there is, whoever made it. An upgrade is left as it is. */
export function setHeaders(
  c: AppContext,
  headers: readonly (readonly [name: string, value: string])[],
): void {
  // It carries no document, and a response of that status cannot be rebuilt.
  if (c.res.status === 101) return;
  try {
    for (const [name, value] of headers) c.res.headers.set(name, value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The headers of a response that is passed on from `fetch` cannot be changed: pass on a copy.
    const copy = new Response(c.res.body, c.res);
    for (const [name, value] of headers) copy.headers.set(name, value);
    c.res = copy;
  }
}
