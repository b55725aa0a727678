/** Keeps passwords such that who reads the database has to guess. Slow on purpose: a tenth of a second a call. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** Whether a password is the one; false also for a hash that cannot be read. */
  verify(password: string, hash: string): Promise<boolean>;
}

/** Of an owner, for the console. */
export interface Password {
  readonly owner: string;
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
}
