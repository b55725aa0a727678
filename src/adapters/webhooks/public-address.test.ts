import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './public-address.ts';

describe('an address on the public internet', () => {
  it.each(['1.1.1.1', '93.184.216.34', '172.15.255.255', '172.32.0.0', '2606:4700::1111', '2a00:1450::1'])(
    'is %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it('is one of IPv4 as an IPv6 socket shows it', () => {
    expect(isPublicAddress('::ffff:1.1.1.1')).toBe(true);
  });
});

describe('an address that is not', () => {
  it.each([
    ['of this machine', ['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1', 'fec0::1']],
    ["behind a carrier's translation", ['100.64.0.1', '100.127.255.255', '100.100.100.200']],
    ['of a link, and the metadata there', ['169.254.0.1', '169.254.169.254', 'fe80::1', 'fe80::1%eth0']],
    ['metadata elsewhere', ['fd00:ec2::254', '168.63.129.16', '192.0.0.192']],
    ['for many', ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1']],
    ['set aside', ['192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '192.88.99.1']],
    ['set aside in IPv6', ['2001:db8::1', '100::1', '3fff::1', '5f00::1', '4000::1', '2001:2::1']],
    [
      'IPv4 in disguise',
      ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::127.0.0.1', '::a00:1'],
    ],
    [
      'translated',
      ['64:ff9b::a00:1', '64:ff9b::1.1.1.1', '64:ff9b:1::a00:1', '2002:a00:1::', '2001:0:a00:1::'],
    ],
    ['none at all', ['', 'localhost', '1', '127.1', '0x7f.0.0.1', '1.1.1.1.', '1.1.1.1:80', '[::1]']],
  ])('is one %s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });
});
