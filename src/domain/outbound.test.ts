import { describe, expect, it } from 'vitest';
import { type Outbound, outboundEnvironment, outboundOfSandboxes, proxyExceptions } from './outbound.ts';

const direct: Outbound = {
  caFile: undefined,
  outboundProxy: {},
  npmRegistry: undefined,
  pypiIndex: undefined,
  debianMirror: undefined,
};
const CA = '/etc/ca.pem';
const environment = (outbound: Partial<Outbound>) => outboundEnvironment({ ...direct, ...outbound }, CA);

describe('the environment of programs behind a proxy and mirrors', () => {
  it('is empty where everything is reached directly', () => {
    expect(environment({ debianMirror: 'http://mirror.example/debian' })).toEqual({});
  });

  it('names the certificates to every tool, where they lie for it and not where they lie here', () => {
    const variables = environment({ caFile: '/host/ca.pem' });
    expect(new Set(Object.values(variables))).toEqual(new Set([CA]));
    expect(Object.keys(variables)).toEqual(
      expect.arrayContaining(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT', 'GIT_SSL_CAINFO']),
    );
  });

  it('names the proxy in either case, and in the words of Node and Yarn', () => {
    const outboundProxy = { http: 'http://p:1', https: 'http://p:2', none: 'localhost' };
    expect(environment({ outboundProxy })).toEqual({
      http_proxy: 'http://p:1',
      HTTP_PROXY: 'http://p:1',
      https_proxy: 'http://p:2',
      HTTPS_PROXY: 'http://p:2',
      no_proxy: 'localhost',
      NO_PROXY: 'localhost',
      NODE_USE_ENV_PROXY: '1',
      YARN_HTTP_PROXY: 'http://p:1',
      YARN_HTTPS_PROXY: 'http://p:2',
    });
  });

  it.each([
    ['npm.example.com', false],
    ['example.com', false],
    ['.example.com', false],
    ['*.example.com', false],
    ['*', false],
    ['other.com,npm.example.com', false],
    ['ample.com', true],
    ['npm.example.com.org', true],
  ])('sends Yarn to its registry past the proxy where %s is an exception: %s', (none, isProxied) => {
    const outboundProxy = { https: 'http://p:2', none };
    const variables = environment({ outboundProxy, npmRegistry: 'https://npm.example.com' });
    expect('YARN_HTTPS_PROXY' in variables).toBe(isProxied);
  });

  it('names the registry to every package manager', () => {
    expect(environment({ npmRegistry: 'https://npm.example.com/all/' })).toEqual({
      npm_config_registry: 'https://npm.example.com/all/',
      pnpm_config_registry: 'https://npm.example.com/all/',
      YARN_NPM_REGISTRY_SERVER: 'https://npm.example.com/all/',
    });
    expect(environment({ pypiIndex: 'https://pypi.example.com/simple/' })).toEqual({
      PIP_INDEX_URL: 'https://pypi.example.com/simple/',
      UV_DEFAULT_INDEX: 'https://pypi.example.com/simple/',
    });
  });

  it('lets the tools that mistrust plain HTTP use it for a mirror', () => {
    expect(
      environment({ npmRegistry: 'http://npm:4873/', pypiIndex: 'http://pypi:3141/simple/' }),
    ).toMatchObject({
      YARN_UNSAFE_HTTP_WHITELIST: 'npm',
      PIP_TRUSTED_HOST: 'pypi:3141',
    });
  });
});

describe('the exceptions from the proxy', () => {
  it.each([
    [undefined, '127.0.0.1,localhost,::1'],
    ['intern, .corp.example  10.0.0.1,localhost', '127.0.0.1,localhost,::1,intern,.corp.example,10.0.0.1'],
    ['intern,*', '*'],
  ])('of %s are %s', (given, all) => {
    expect(proxyExceptions(given)).toBe(all);
  });
});

describe('what sandboxes are told', () => {
  it.each(['localhost', '127.0.0.1', '127.8.8.8', '[::1]', 'npm.localhost'])(
    'leaves out what listens at %s, the loopback of the machine',
    (host) => {
      const url = `http://${host}:3128/`;
      const outboundProxy = { http: url, https: url, none: 'localhost' };
      const outbound = { ...direct, outboundProxy, npmRegistry: url, pypiIndex: url };
      expect(outboundOfSandboxes(outbound)).toEqual(direct);
    },
  );

  it('keeps everything else', () => {
    const outbound: Outbound = {
      caFile: '/ca.pem',
      outboundProxy: { https: 'http://localhost.example.com:3128', none: 'localhost' },
      npmRegistry: 'https://npm.example.com',
      pypiIndex: 'https://pypi.example.com/simple',
      debianMirror: 'http://mirror.example.com/debian',
    };
    expect(outboundOfSandboxes(outbound)).toEqual(outbound);
  });
});
