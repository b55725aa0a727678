import ipaddr from 'ipaddr.js';

/** Where a cloud keeps what only its own machines should ask, though the address is an ordinary one. */
const PLATFORM = new Set(['168.63.129.16']);
/** Of IPv6, what is given to networks on the internet. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is one on the public internet: not of this machine, of a private or shared network, of a link, a
 * group, or a range that leads to any of these by translation (NAT64, 6to4, Teredo) or is set aside.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return false;
  // An IPv4 address in the clothes of an IPv6 one is what it stands for.
  const bare = ipaddr.process(address);
  if (bare.range() !== 'unicast') return false;
  if (bare instanceof ipaddr.IPv6) return bare.match(GLOBAL_UNICAST);
  return !PLATFORM.has(bare.toString());
}
