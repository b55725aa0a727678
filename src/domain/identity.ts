/** The owner that the console, `token create` without `--owner`, and auth-off mode act as. */
export const DEFAULT_OWNER = 'default';

/** A named bearer token. Only the hash of the secret is kept. */
export interface ApiToken {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  /** SHA-256 of the token, lower-case hex. */
  readonly hash: string;
  /** The first characters, to recognise it by. */
  readonly prefix: string;
  readonly createdAt: number;
}

/** A console session; its cookie carries the secret, the row the hash. */
export interface Session {
  readonly hash: string;
  readonly owner: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A single-use way into the console. */
export interface LoginLink {
  readonly hash: string;
  readonly owner: string;
  readonly expiresAt: number;
}

/** Whose request it is, and how that is known. */
export interface Principal {
  readonly owner: string;
  readonly via: 'token' | 'session' | 'auth-off';
  /** What unsafe console requests must repeat; sessions only. */
  readonly csrfToken?: string;
}
