/**
 * Who asked for what, and how it was answered: one entry for every request that may change something, of people,
 * programs and the command line. It names keys, never values. Times are milliseconds since the epoch.
 */
export interface AuditEntry {
  /** ULID; orders entries, and is the page cursor. */
  readonly id: string;
  /** Whose it was; undefined when nobody was recognised. */
  readonly owner?: string;
  readonly actor: Actor;
  /** The method and the pattern of the route: `PATCH /v1/apps/:id/config/:key`. */
  readonly action: string;
  /** What it was about: the route's parameters, and what a handler adds, like the name of a key. */
  readonly target: Readonly<Record<string, string>>;
  /** The HTTP status of the answer. */
  readonly status: number;
  readonly requestId: string;
  /** The address it came from, where that is known. */
  readonly address?: string;
  readonly at: number;
}

/** By what a caller was recognised. */
export interface Actor {
  readonly kind: 'api-key' | 'configured-token' | 'session' | 'auth-off' | 'command-line' | 'unknown';
  /** Of an API key. */
  readonly id?: string;
  /** What people know it by. */
  readonly name?: string;
}

export interface AuditQuery {
  /** Everybody's when undefined. */
  readonly owner?: string;
  /** An entry's id. */
  readonly before?: string;
  readonly limit: number;
}
