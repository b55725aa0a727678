import { SandboxdError } from '../../domain/errors.ts';

/** Decides by an IP address whether it may be connected to. */
export type AddressRule = (address: string) => boolean;

/** Milliseconds for all of it: the name, the connection, the request, and the beginning of the answer. */
export const DEADLINE_MS = 10_000;

export const refused = () =>
  new SandboxdError(
    'invalid_request',
    'The address is not on the public internet. The operator can allow such addresses with SANDBOXD_WEBHOOKS_TO_PRIVATE=true.',
  );

/**
 * Checks what can be told of an address before its name is looked up. URLs write IPv4 addresses in one way, however they
 * were given.
 * @throws invalid_request
 */
export function checkTarget(address: string, allows: AddressRule): void {
  const host = new URL(address).hostname.replace(/\.$/, '');
  const literal = host.startsWith('[') ? host.slice(1, -1) : /^[\d.]+$/.test(host) ? host : undefined;
  const isThisMachine = host === 'localhost' || host.endsWith('.localhost');
  const stands = literal ?? (isThisMachine ? '127.0.0.1' : undefined);
  if (stands !== undefined && !allows(stands)) throw refused();
}

/** What keeps an answer from coming, for people. @param code the system's, like `ECONNREFUSED` */
export function unreachable(error: unknown, code: string | undefined): SandboxdError {
  const why = code === undefined ? '' : ` (${code})`;
  return new SandboxdError('unavailable', `The endpoint could not be reached${why}.`, { cause: error });
}

export const tooSlow = (cause: unknown) =>
  new SandboxdError('unavailable', `The endpoint did not answer within ${DEADLINE_MS / 1000} seconds.`, {
    cause,
  });
