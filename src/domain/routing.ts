/**
 * What the preview proxy and the node agent tell each other. The proxy runs in a worker, so every message is plain
 * structured-cloneable data; nothing here carries a credential.
 */

/** One sandbox as the proxy sees it. `live` is the only state in which requests are passed on. */
export interface Route {
  /** Canonical sandbox id. */
  readonly sandboxId: string;
  /** The number of this start: a new one means a new container and new upstream sockets. */
  readonly generation: number;
  /** `failed` could not be started, and can be tried again; `crashed` runs, and its app is left alone. */
  readonly state: 'live' | 'waking' | 'paused' | 'stopped' | 'failed' | 'crashed';
  /** The container's address; present when `live` or `paused`. */
  readonly address?: string;
  /** The declared ports; any other is a 404. */
  readonly ports: readonly number[];
  readonly visibility: 'public' | 'private';
  /** Shown on the warming page: what the start is doing ("Installing dependencies"). */
  readonly progress?: string;
  /** It runs and declares no web process, so nobody is kept waiting for a page. */
  readonly isPageless?: boolean;
  /** Shown when `failed` or `crashed`: for people, without a path of the host. */
  readonly failure?: string;
}

/** Agent → proxy. A change is in force for the next request. */
export type ProxyCommand =
  | { readonly type: 'route'; readonly route: Route }
  | { readonly type: 'remove'; readonly sandboxId: string }
  /** Replaces the whole table. */
  | { readonly type: 'routes'; readonly routes: readonly Route[] }
  | { readonly type: 'close' };

/** What is counted per sandbox since the last report; times are milliseconds since the epoch. */
export interface Traffic {
  readonly sandboxId: string;
  /** The last sign of life of somebody for whom it stays awake (no robot, probe or prefetch); 0 when there was none. */
  readonly lastRequestAt: number;
  /** Requests and open connections with recent client traffic, right now, of those for whom it stays awake. */
  readonly inFlight: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Answers by class: index 2 counts 2xx, and so on. */
  readonly statusClasses: readonly number[];
}

/** Proxy → agent. */
export type ProxyNotice =
  | { readonly type: 'listening'; readonly port: number }
  /** The listener could not be opened; the worker has ended. `code` is the system's (`EADDRINUSE`). */
  | { readonly type: 'unable'; readonly code: string }
  /**
   * Somebody who may is waiting for this sandbox. Sent once per sleeping generation until the route changes, and again
   * when nothing has come of it for `holdLimitMs` and somebody asks anew.
   */
  | { readonly type: 'wake'; readonly sandboxId: string }
  /** About once a second while there is any traffic to report. */
  | { readonly type: 'traffic'; readonly traffic: readonly Traffic[] };

/** What the proxy worker is started with. */
export interface ProxyOptions {
  readonly host: string;
  /** 0 picks a free one, told by the `listening` notice. */
  readonly port: number;
  readonly domain: string;
  /** A TLS front stands before the listener: visitors see https, cookies are `Secure`, the front names the client. */
  readonly tls: boolean;
  /** Where the console is served: the origins that may frame a preview (`http://console.localhost:8080`). */
  readonly consoleOrigins: readonly string[];
  /** A Unix socket: every request whose Host is not below `preview.<domain>` goes there, with `X-Forwarded-*` set. */
  readonly consoleSocket: string;
  /** Verifies preview links and cookies (HMAC-SHA-256, base64). */
  readonly previewKey: string;
  /** How long a request is held for a waking sandbox, in milliseconds. */
  readonly holdLimitMs: number;
}
