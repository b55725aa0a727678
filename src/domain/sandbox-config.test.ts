import { expect, it } from 'vitest';
import { secretsOf } from './sandbox-config.ts';

const NONE = { revision: 1, runtime: {}, agent: {}, sensitive: [] };

it('masks the values of sensitive items, each once, wherever they go', () => {
  const runtime = { TOKEN: 'test-token-not-real', MODE: 'production' };
  const agent = { TOKEN: 'test-token-not-real', KEY: 'test-key-not-real' };
  const sensitive = ['KEY', 'TOKEN', 'KEPT'];
  const secrets = secretsOf({ ...NONE, runtime, agent, sensitive });
  expect(secrets).toEqual(['test-token-not-real', 'test-key-not-real']);
  expect(secretsOf({ revision: 1, unreadable: 'KEY' })).toEqual([]);
});

it.each(['constructor', 'toString', '__proto__'])('takes %s for a name like any other', (name) => {
  const runtime = Object.fromEntries([[name, 'test-value-not-real']]);
  expect(secretsOf({ ...NONE, runtime, sensitive: [name] })).toEqual(['test-value-not-real']);
});
