import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Outbound } from '../../domain/outbound.ts';

const CONNECT_DEADLINE_MS = 15_000;

/** How requests leave this machine: by the operator's certificates and forward proxies. */
export class WayOut implements AsyncDisposable {
  readonly #plain: Dispatcher;
  readonly #secure: Dispatcher;

  /**
   * @param lookup of names that are connected to without a proxy; the system's when it is left out
   * @throws the system's error when the file of certificates cannot be read
   */
  constructor(
    { caFile, outboundProxy }: Pick<Outbound, 'caFile' | 'outboundProxy'>,
    lookup?: LookupFunction,
  ) {
    // A server is started without NODE_EXTRA_CA_CERTS, which Node would read by itself.
    const ca = [
      ...getCACertificates('default'),
      ...(caFile === undefined ? [] : [readFileSync(caFile, 'utf8')]),
    ];
    const { http, https, none = '' } = outboundProxy;
    this.#plain = dispatcher({ ca, lookup }, http, none);
    this.#secure = dispatcher({ ca, lookup }, https, none);
  }

  for(url: URL): Dispatcher {
    return url.protocol === 'https:' ? this.#secure : this.#plain;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#plain.destroy(), this.#secure.destroy()]);
  }
}

interface Connecting {
  readonly ca: string[];
  readonly lookup: LookupFunction | undefined;
}

/**
 * One for each scheme, because undici would send what is for https through the proxy for http where there is no other.
 * What is left to undici are the exceptions, which know ports and wildcards.
 */
function dispatcher({ ca, lookup }: Connecting, proxy: string | undefined, noProxy: string): Dispatcher {
  const options = {
    // One connection for one request: an answer that is broken off takes no other with it.
    allowH2: false,
    pipelining: 1,
    connectTimeout: CONNECT_DEADLINE_MS,
    // Not for connections to a proxy: those are the operator's.
    connect: { ca, timeout: CONNECT_DEADLINE_MS, ...(lookup && { lookup }) },
  };
  if (proxy === undefined) return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy,
    requestTls: { ca },
    proxyTls: { ca },
  });
}
