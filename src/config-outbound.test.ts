import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

const failureOf = (env: Record<string, string>): Error => {
  try {
    loadConfig(env);
  } catch (error) {
    return error as Error;
  }
  return expect.fail(`accepted ${JSON.stringify(env)}`);
};

describe('proxies', () => {
  it('are none unless they are set, whatever the exceptions say', () => {
    expect(loadConfig({ NO_PROXY: 'intern' }).outboundProxy).toEqual({});
  });

  it('are read in the lower case first, completed with a scheme, and never stand before the machine itself', () => {
    const env = {
      HTTP_PROXY: 'http://upper:1',
      http_proxy: 'lower:1',
      https_proxy: 'http://secure:2',
      no_proxy: 'a b',
    };
    expect(loadConfig(env).outboundProxy).toEqual({
      http: 'http://lower:1',
      https: 'http://secure:2',
      none: '127.0.0.1,localhost,::1,a,b',
    });
  });
});

describe('mirrors', () => {
  it('are taken as they are given', () => {
    const env = {
      SANDBOXD_NPM_REGISTRY: 'https://npm.example.com/all/',
      SANDBOXD_PYPI_INDEX: 'https://pypi.example.com/simple/',
      SANDBOXD_DEBIAN_MIRROR: 'http://mirror.example.com/debian',
    };
    expect(loadConfig(env)).toMatchObject({
      npmRegistry: env.SANDBOXD_NPM_REGISTRY,
      pypiIndex: env.SANDBOXD_PYPI_INDEX,
      debianMirror: env.SANDBOXD_DEBIAN_MIRROR,
      unknownNames: [],
    });
  });
});

describe.each([
  'HTTP_PROXY',
  'https_proxy',
  'SANDBOXD_NPM_REGISTRY',
  'SANDBOXD_PYPI_INDEX',
  'SANDBOXD_DEBIAN_MIRROR',
])('%s', (name) => {
  it.each([
    'http://user:not-a-real-secret@host:1',
    'user:not-a-real-secret@host:1',
    'https://not-a-real-secret@host/',
    'ftp://u:not-a-real-secret@host',
    'http://not a real-secret',
  ])('is refused as %s, without repeating it', (value) => {
    const failure = failureOf({ [name]: value });
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure.message).toMatch(new RegExp(`^${name}: .*Give `));
    expect(failure.message).not.toContain('real-secret');
  });
});

describe('the bundle of certificates', () => {
  it.each([
    ['nothing of the kind', 'no certificate'],
    [
      '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n',
      'private key',
    ],
  ])('is refused when it holds %j', async (content, complaint) => {
    const directory = await mkdtemp(join(tmpdir(), 'sandboxd-ca-'));
    try {
      const file = join(directory, 'ca.pem');
      await writeFile(file, content);
      expect(failureOf({ SANDBOXD_CA_FILE: file }).message).toMatch(`SANDBOXD_CA_FILE: "${file}" holds`);
      expect(failureOf({ SANDBOXD_CA_FILE: file }).message).toMatch(complaint);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('is refused when it is a directory', () => {
    expect(failureOf({ SANDBOXD_CA_FILE: '/tmp' }).message).toMatch(
      'SANDBOXD_CA_FILE: "/tmp" cannot be read',
    );
  });
});
