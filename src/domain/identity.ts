import type { Actor } from './audit.ts';

/** The owner that the console, `token create` without `--owner`, and auth-off mode act as. */
export const DEFAULT_OWNER = 'default';

/** 1–64 letters, digits, "_", "." or "-". */
export const isOwnerName = (name: string): boolean => /^[A-Za-z0-9_.-]{1,64}$/.test(name);

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
  /** To the minute; undefined for one that was never used. */
  readonly lastUsedAt?: number;
  /** From then on it is as good as none. */
  readonly expiresAt?: number;
}

/** A console session; its cookie carries the secret, the row the hash. */
export interface Session {
  readonly hash: string;
  readonly owner: string;
  /** Of the token that it was opened with, if it was: it is good for as long as that is. */
  readonly tokenHash?: string;
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
  /** By what exactly, for the audit log. */
  readonly actor: Actor;
  /** What unsafe console requests must repeat; sessions only. */
  readonly csrfToken?: string;
}

/** Failed logins that count together: those from one address, or all of them. Times are milliseconds since the epoch. */
export interface LoginFailures {
  readonly count: number;
  readonly lastAt: number;
}
