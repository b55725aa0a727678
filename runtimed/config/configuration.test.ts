import { expect, test } from 'vitest';
import { Configuration } from './configuration.ts';
import { parseRuntimeConfig } from './runtime-config.ts';

const HOME = '/home/sandbox';

test('what is configured wins over the container, and what says where and who programs are wins over that', () => {
  const configuration = new Configuration(
    { TOOL: 'container', OTHER: 'container', SANDBOXD_PRESET: 'x' },
    HOME,
  );
  expect(configuration.environment).toMatchObject({ TOOL: 'container', HOME });
  const env = { TOOL: 'app', HOME: '/elsewhere', USER: 'root', SANDBOXD_URL: 'http://app' };
  expect(configuration.take({ revision: 3, env, secrets: [] })).toBe(true);
  const { environment, revision } = configuration;
  expect(environment).toMatchObject({ TOOL: 'app', OTHER: 'container', HOME, USER: 'sandbox' });
  expect(environment).toMatchObject({ SANDBOXD_URL: 'http://app' });
  expect(environment).not.toHaveProperty('SANDBOXD_PRESET');
  expect(revision).toBe(3);
});

test('an older one changes nothing, and a newer one takes away what it does not have', () => {
  const configuration = new Configuration({}, HOME);
  configuration.take({ revision: 5, env: { A: 'five' }, secrets: [] });
  expect(configuration.take({ revision: 4, env: { A: 'four' }, secrets: [] })).toBe(false);
  expect(configuration.environment).toMatchObject({ A: 'five' });
  configuration.take({ revision: 6, env: {}, secrets: [] });
  expect(configuration.environment).not.toHaveProperty('A');
});

test.each([
  [{ revision: '1', env: {}, secrets: [] }, 'revision'],
  [{ revision: 0, env: {}, secrets: [] }, 'revision'],
  [{ revision: 1, env: { 'A=B': 'test-key-not-real' }, secrets: [] }, 'env'],
  [{ revision: 1, env: { '': 'test-key-not-real' }, secrets: [] }, 'env'],
  [{ revision: 1, env: { A: 'test-key-not-real\0' }, secrets: [] }, 'env'],
  [{ revision: 1, env: { A: 1 }, secrets: [] }, 'env'],
  [{ revision: 1, env: {}, secrets: ['test-key-not-real', 1] }, 'secrets'],
])('%j is refused by its field, and no value is repeated', (value, field) => {
  const refused = () => parseRuntimeConfig(value);
  expect(refused).toThrow(new RegExp(`^${field}: `));
  expect(refused).not.toThrow(/test-key/);
});

test('names that objects have of their own are names like any other', () => {
  const text = '{"revision":1,"env":{"constructor":"a","__proto__":"b","prototype":"c"},"secrets":[]}';
  const configuration = new Configuration({}, HOME);
  configuration.take(parseRuntimeConfig(JSON.parse(text)));
  const own = Object.entries(configuration.environment);
  expect(own).toEqual(
    expect.arrayContaining([
      ['constructor', 'a'],
      ['__proto__', 'b'],
      ['prototype', 'c'],
    ]),
  );
});
