import { type Mask, maskOf } from '../../domain/mask.ts';

/** Services without authentication are given words like `none` or `EMPTY`: those are no secrets, and stand in texts. */
const SHORTEST_KEY = 8;

/**
 * Takes a provider's key out of whatever the provider sends back: error messages repeat keys, and debugging gateways
 * whole requests.
 */
export const keyMask = (key: string | undefined): Mask =>
  maskOf(key !== undefined && key.length >= SHORTEST_KEY ? [key] : []);
