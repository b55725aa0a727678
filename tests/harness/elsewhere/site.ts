/** What the far host serves, over HTTP and HTTPS alike. */
export interface Site {
  readonly tls: { readonly key: string; readonly cert: string };
  /** By path, in base64; `{origin}` in one stands for the address it is asked at. */
  readonly pages: Readonly<Record<string, string>>;
}

/** One request that came to the far host. */
export interface Visit {
  readonly service: 'http' | 'https' | 'proxy';
  /** The URL; of a tunnel through the proxy, `host:port`. */
  readonly target: string;
}

export const PROXY_PORT = 3128;
/** The last line of its start. */
export const READY = 'ready';
