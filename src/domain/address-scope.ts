import ipaddr from 'ipaddr.js';

const SUBSCRIBER_BITS = 64;

/**
 * Who shares an address, as far as that can be told: an IPv4 address, or the IPv6 network that one subscriber has all the
 * addresses of. What is no address, or unknown, is one of its own.
 */
export function addressScope(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const known = ipaddr.process(address);
  if (known.kind() === 'ipv4') return known.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${known.toString()}/${SUBSCRIBER_BITS}`).toString()}/${SUBSCRIBER_BITS}`;
}
