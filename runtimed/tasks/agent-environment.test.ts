import { expect, test } from 'vitest';
import { agentEnvironment, looksLikeCredential } from './agent-environment.ts';

test.each([
  ['API_KEY', true],
  ['OPENAI_API_KEY', true],
  ['openai_api_key', true],
  ['awsSecretAccessKey', true],
  ['GITHUB_TOKEN', true],
  ['NPM_CONFIG_//registry.example/:_authToken', true],
  ['DB_PASSWORD', true],
  ['GOOGLE_APPLICATION_CREDENTIALS', true],
  ['SSH_AUTH_SOCK', true],
  ['GH_PAT', true],
  ['PGPASSWORD', true],
  ['MYSQL_PWD', true],
  ['SMTP_PASS', true],
  ['GHTOKEN', true],
  ['SENTRY_DSN', true],
  ['KEYBOARD', false],
  ['MONKEY', false],
  ['PATH', false],
  ['PWD', false],
  ['OLDPWD', false],
  ['COMPASS_URL', false],
  ['TOKENIZERS_PARALLELISM', false],
  ['NODE_EXTRA_CA_CERTS', false],
])('a variable called %s is a credential: %s', (name, expected) => {
  expect(looksLikeCredential(name)).toBe(expected);
});

test('an agent never asks a proxy for its own address', () => {
  const list = '127.0.0.1,localhost';
  expect(agentEnvironment({})).toEqual({ NO_PROXY: list, no_proxy: list });
  expect(agentEnvironment({ no_proxy: 'a, b', NO_PROXY: 'b,127.0.0.1' })).toEqual({
    NO_PROXY: 'b,127.0.0.1,a,localhost',
    no_proxy: 'b,127.0.0.1,a,localhost',
  });
});

test('an agent has what it is given, credentials too, but is who and where it is', () => {
  const given = { NPM_TOKEN: 'test-key-not-real', HOME: '/elsewhere', TOOL: 'given', NO_PROXY: 'inside' };
  const container = { HOME: '/home/sandbox', TOOL: 'container', DEPLOY_TOKEN: 'test-key-not-real' };
  expect(agentEnvironment(container, given)).toEqual({
    NPM_TOKEN: 'test-key-not-real',
    HOME: '/home/sandbox',
    TOOL: 'given',
    NO_PROXY: 'inside,127.0.0.1,localhost',
    no_proxy: 'inside,127.0.0.1,localhost',
  });
});
