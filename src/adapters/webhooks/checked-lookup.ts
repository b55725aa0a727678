import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { type AddressRule, refused } from './target.ts';

export type Resolve = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

/**
 * Looks names up for connections, and gives them the addresses alone that the rule allows. A connection goes to what it is
 * given here, so that a name which means something else a moment later gains nothing.
 */
export function checkedLookup(allows: AddressRule, resolve: Resolve = systemLookup): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true })
      .then((found) => {
        const allowed = found.filter(({ address }) => allows(address));
        const [first] = allowed;
        if (first === undefined) throw refused();
        if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      })
      .catch((error: NodeJS.ErrnoException) => callback(error, []));
  };
}
