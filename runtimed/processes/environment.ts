/** Names of the container's variables that programs see: certificates, proxies and mirrors of this instance. */
const PASSED_ON = [
  'LANG',
  'TZ',
  'PATH',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'PIP_INDEX_URL',
  'GIT_SSL_CAINFO',
  'npm_config_cafile',
  'npm_config_registry',
  'COREPACK_NPM_REGISTRY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const;

const USER = 'sandbox';

export type Environment = Readonly<Record<string, string>>;

/** What every program of a sandbox starts with; a login shell completes it. */
export function programEnvironment(
  container: Readonly<Record<string, string | undefined>>,
  home: string,
): Environment {
  const environment: Record<string, string> = {
    LANG: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  };
  for (const name of PASSED_ON) {
    const value = container[name];
    if (value !== undefined && value !== '') environment[name] = value;
  }
  return { ...environment, HOME: home, USER, LOGNAME: USER, SHELL: '/bin/bash' };
}
