import { expect, it } from 'vitest';
import { secretsOf } from './sandbox-config.ts';

it('is masked for the values of what is sensitive, whatever that is called', () => {
  const named = (name: string, value: string): Record<string, string> => Object.fromEntries([[name, value]]);
  for (const name of ['constructor', '__proto__', 'toString', 'KEY']) {
    const config = { revision: 1, runtime: named(name, 'test-key'), agent: {}, sensitive: [name] };
    expect(secretsOf(config)).toEqual(['test-key']);
    expect(secretsOf({ ...config, runtime: {} })).toEqual([]);
  }
  expect(
    secretsOf({ revision: 1, runtime: { A: 'both', B: 'open' }, agent: { A: 'both' }, sensitive: ['A'] }),
  ).toEqual(['both']);
});
