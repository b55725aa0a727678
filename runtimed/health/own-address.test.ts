import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ownAddress } from './own-address.ts';

const found = (address: string, family: 'IPv4' | 'IPv6', internal: boolean) =>
  ({ address, family, internal }) as NetworkInterfaceInfo;
const lo = [found('127.0.0.1', 'IPv4', true), found('::1', 'IPv6', true)];

describe('the own address of a sandbox', () => {
  it.each([
    [
      'is that of its network',
      { lo, eth0: [found('fe80::1', 'IPv6', false), found('10.0.0.7', 'IPv4', false)] },
      '10.0.0.7',
    ],
    ['is the loopback without a network', { lo }, '127.0.0.1'],
    ['is the loopback where there is nothing at all', {}, '127.0.0.1'],
  ])('%s', (_, interfaces, address) => {
    expect(ownAddress(interfaces)).toBe(address);
  });
});
