import type { AppContext } from './context.ts';

/** The address that a request comes from, where that is known. */
export const peerAddress = (c: AppContext): string | undefined => c.req.header('x-sandboxd-peer');
