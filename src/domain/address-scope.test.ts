import { expect, it } from 'vitest';
import { addressScope } from './address-scope.ts';

it.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['somewhere', 'unknown'],
  [undefined, 'unknown'],
])('%s is one of %s', (address, scope) => {
  expect(addressScope(address)).toBe(scope);
});
