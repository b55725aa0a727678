import { expect, it } from 'vitest';
import { describeFaults, lastWords, parseFaults } from './fault.ts';

it('finds nothing where every check ran and none complained', () => {
  expect(parseFaults('checked\r\n')).toEqual([]);
});

it('reads each fault with its clause', () => {
  expect(parseFaults('fault 2 no such user\r\nnoise\r\nfault 7 node is not there\r\nchecked\r\n')).toEqual([
    { clause: 2, message: 'no such user' },
    { clause: 7, message: 'node is not there' },
  ]);
});

it('takes checks that broke off for a fault, with what they said in one line', () => {
  const [fault] = parseFaults('bash: not\r\nfound\r\n');
  expect(fault).toMatchObject({
    clause: 7,
    message: expect.stringMatching(/login shell.*: bash: not found$/),
  });
  expect(parseFaults('fault 2 no such user\n').map(({ clause }) => clause)).toEqual([2, 7]);
});

it('picks the error out of what a program said, and else its end, in one line', () => {
  const stack = `node:internal\n  throw err;\nError: Cannot find module\n    at resolve (loader:1)\n`;
  expect(lastWords(stack)).toBe('Error: Cannot find module');
  expect(lastWords('starting\n\tnot today\n')).toBe('starting not today');
  expect(lastWords(`${'x'.repeat(10_000)} the end`)).toMatch(/^x{1,500} the end$/);
  expect(lastWords(' \n')).toBe('it says nothing');
});

it('tells people each clause on a line of its own, and where to read on', () => {
  const faults = [
    { clause: 2, message: 'no such user' },
    { clause: 7, message: 'node is not there' },
  ];
  const lines = describeFaults('acme/box:1', faults).split('\n');
  expect(lines.slice(1, 3)).toEqual(['  clause 2: no such user', '  clause 7: node is not there']);
  expect(lines[0]).toContain('acme/box:1');
  expect(lines.at(-1)).toContain('docs/base-image.md');
});
