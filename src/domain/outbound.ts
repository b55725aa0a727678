/** How programs reach the outside from where this machine stands: builds, and whatever runs in a sandbox. */
export interface Outbound {
  /** A file of this machine: the bundle of trusted certificates. */
  readonly caFile: string | undefined;
  readonly outboundProxy: OutboundProxy;
  readonly npmRegistry: string | undefined;
  /** A Python package index, like `https://pypi.example.com/simple/`. */
  readonly pypiIndex: string | undefined;
  /** An archive of Debian packages, like `http://mirror.example.com/debian`. */
  readonly debianMirror: string | undefined;
}

/** URLs of forward proxies, without credentials; `none` lists what is reached past them. */
export interface OutboundProxy {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

type Variables = Record<string, string>;

/** Every tool has its own name for the file of trusted certificates. Node's serves npm, pnpm, Yarn and Bun as well. */
const CA_VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'CURL_CA_BUNDLE',
  'npm_config_cafile',
  'pnpm_config_cafile',
] as const;

/** What a program means by its own machine is never on the other side of a proxy. */
const OWN_MACHINE = ['127.0.0.1', 'localhost', '::1'];

/**
 * The environment that makes Node, package managers, Python, git and curl obey.
 * @param caFile where they find the certificates
 */
export function outboundEnvironment(outbound: Outbound, caFile: string): Variables {
  const { outboundProxy, npmRegistry, pypiIndex } = outbound;
  const trusted = outbound.caFile === undefined ? [] : CA_VARIABLES;
  return {
    ...Object.fromEntries(trusted.map((name) => [name, caFile])),
    ...proxyVariables(outboundProxy),
    ...(hasProxy(outboundProxy) && { NODE_USE_ENV_PROXY: '1', ...yarnProxy(outboundProxy, npmRegistry) }),
    ...(npmRegistry !== undefined && npmVariables(npmRegistry)),
    ...(pypiIndex !== undefined && pythonVariables(pypiIndex)),
  };
}

const hasProxy = ({ http, https }: OutboundProxy): boolean => http !== undefined || https !== undefined;

/** The common variables, in either case: programs disagree. */
export function proxyVariables({ http, https, none }: OutboundProxy): Variables {
  const lower = Object.entries({ http_proxy: http, https_proxy: https, no_proxy: none });
  const given = lower.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(
    given.flatMap(([name, value]) => [
      [name, value],
      [name.toUpperCase(), value],
    ]),
  );
}

/** Yarn 1 and Bun read npm's name, too. Yarn 4 takes plain HTTP from hosts alone that it is told to. */
function npmVariables(registry: string): Variables {
  const { protocol, hostname } = new URL(registry);
  return {
    npm_config_registry: registry,
    pnpm_config_registry: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    ...(protocol === 'http:' && { YARN_UNSAFE_HTTP_WHITELIST: hostname }),
  };
}

/** Yarn 4 has variables of its own and no exceptions from them: its registry decides. */
function yarnProxy({ http, https, none }: OutboundProxy, npmRegistry?: string): Variables {
  if (npmRegistry !== undefined && bypasses(new URL(npmRegistry).hostname, none)) return {};
  return { ...(http && { YARN_HTTP_PROXY: http }), ...(https && { YARN_HTTPS_PROXY: https }) };
}

/** Whether a host is one of the exceptions: itself, or below a domain of them. */
function bypasses(host: string, none = ''): boolean {
  const domains = none.split(',').map((domain) => domain.replace(/^\*?\./, ''));
  return domains.some((domain) => domain === '*' || host === domain || host.endsWith(`.${domain}`));
}

/** pip takes plain HTTP from hosts alone that it is told to. */
function pythonVariables(index: string): Variables {
  const { protocol, host } = new URL(index);
  return {
    PIP_INDEX_URL: index,
    UV_DEFAULT_INDEX: index,
    ...(protocol === 'http:' && { PIP_TRUSTED_HOST: host }),
  };
}

/** The list of what is reached past the proxy: the machine itself, and whatever an operator adds. `*` stands alone. */
export function proxyExceptions(given: string | undefined): string {
  const added = (given ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return added.includes('*') ? '*' : [...new Set([...OWN_MACHINE, ...added])].join(',');
}

/**
 * The same as sandboxes can use it: no sandbox reaches a proxy or a mirror that listens on this machine's loopback
 * alone, and going there in vain would be worse than going without.
 */
export function outboundOfSandboxes(outbound: Outbound): Outbound {
  const { outboundProxy, npmRegistry, pypiIndex } = outbound;
  const { http, https, none } = outboundProxy;
  const proxy = { ...(isBeyond(http) && { http }), ...(isBeyond(https) && { https }) };
  return {
    ...outbound,
    outboundProxy: hasProxy(proxy) && none !== undefined ? { ...proxy, none } : proxy,
    npmRegistry: isBeyond(npmRegistry) ? npmRegistry : undefined,
    pypiIndex: isBeyond(pypiIndex) ? pypiIndex : undefined,
  };
}

const isBeyond = (url: string | undefined): url is string =>
  url !== undefined && !/^(localhost|.*\.localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(new URL(url).hostname);
