import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { type AddressRule, refused } from './target.ts';

/** @throws the system's error when a name has no address */
export type Resolve = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

export interface NameServers {
  resolve4(host: string): Promise<string[]>;
  resolve6(host: string): Promise<string[]>;
}

/** As the rest of this machine does it, `/etc/hosts` included. */
export const systemNames: Resolve = (host, options) => lookup(host, options);

/** Milliseconds for one question, which is asked twice. */
const QUESTION = { timeout: 2000, tries: 2 };

/**
 * By asking the machine's name servers. The system's own way takes one of four threads until it is done, which files are read by
 * as well: somebody whose name server never answers could take them all.
 */
export function publicNames(servers: NameServers = new Resolver(QUESTION)): Resolve {
  return async (host) => {
    const [four, six] = await Promise.allSettled([servers.resolve4(host), servers.resolve6(host)]);
    const found = [
      ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
      ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    return found;
  };
}

/**
 * Looks names up for connections, and gives them the addresses alone that the rule allows. A connection goes to what it is
 * given here, so that a name which means something else a moment later gains nothing.
 */
export function checkedLookup(allows: AddressRule, resolve: Resolve): LookupFunction {
  const allowed = async (host: string, options: LookupOptions): Promise<LookupAddress[]> => {
    const found = await resolve(host, { ...options, all: true });
    const mine = found.filter(({ address }) => allows(address));
    if (mine.length === 0) throw refused();
    return mine;
  };
  return (host, options, callback) => {
    if (options.all === true) return callbackify(allowed)(host, options, callback);
    const first = async () => (await allowed(host, options))[0];
    callbackify(first)((error, found) => callback(error, found?.address ?? '', found?.family));
  };
}
