import { expect, it } from 'vitest';
import { parseFaults } from './verify.ts';

it('finds nothing where every check ran and none complained', () => {
  expect(parseFaults('checked\r\n')).toEqual([]);
});

it('reads each fault with its clause', () => {
  expect(parseFaults('fault 2 no such user\r\nnoise\r\nfault 7 node is not there\r\nchecked\r\n')).toEqual([
    { clause: 2, message: 'no such user' },
    { clause: 7, message: 'node is not there' },
  ]);
});

it('takes checks that broke off for a fault, with what they said', () => {
  expect(parseFaults('bash: not found\r\n')).toEqual([
    { clause: 7, message: 'the checks could not run in its bash: bash: not found' },
  ]);
});
