import { RateLimitedError, type SandboxdError } from '../domain/errors.ts';
import type { AppContext } from './context.ts';

/** Seconds after which memory has probably been freed: the idle loop looks every few seconds, a start takes a few. */
const CAPACITY_SECONDS = 30;

/** Says when to try again, where that is known. */
export function retryAfter(c: AppContext, error: SandboxdError): void {
  const seconds = error.code === 'sandbox_capacity' ? CAPACITY_SECONDS : undefined;
  const known = error instanceof RateLimitedError ? error.retryAfterSeconds : seconds;
  if (known !== undefined) c.header('retry-after', String(known));
}
