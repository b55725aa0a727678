import { networkInterfaces } from 'node:os';

/** The address at which visitors' requests come in; a sandbox without a network is its only visitor. */
export function ownAddress(interfaces = networkInterfaces()): string {
  const addresses = Object.values(interfaces).flatMap((found = []) => found);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
