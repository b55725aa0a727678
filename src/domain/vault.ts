import { SandboxdError } from './errors.ts';

/**
 * Keeps secrets such that who reads the database learns nothing: what is stored is what `seal` made of them. Each call
 * seals anew, so that equal secrets look different.
 *
 * The context says what a secret is for, like its kind, its owner and its name. A secret opens with the context it was
 * sealed with, and no other.
 */
export interface Vault {
  /** With the current key. */
  seal(secret: string, context: readonly string[]): Promise<string>;
  /**
   * With whichever key of its own it was sealed with: the current one, or one before it.
   * @throws UnreadableSecret when it was sealed with another key or for another context, or was changed since
   */
  open(sealed: string, context: readonly string[]): Promise<string>;
  /** Whether the current key sealed it; false for what is not sealed at all. */
  isCurrent(sealed: string): Promise<boolean>;
}

/** Something sealed that does not open, and never will with the keys there are. It is no failure of the moment. */
export class UnreadableSecret extends SandboxdError {
  /** Whether a key that is missing would open it, as far as can be told. */
  readonly reason: 'other_key' | 'altered';

  constructor(reason: UnreadableSecret['reason'], options?: ErrorOptions) {
    super('unavailable', MESSAGES[reason], options);
    this.reason = reason;
  }
}

const MESSAGES = {
  other_key:
    'A stored secret was sealed with another key than the one of this server. The operator can bring that key back (SANDBOXD_SECRETS_KEY, SANDBOXD_PREVIOUS_SECRETS_KEYS, or the file keys/secrets), or the secret can be set anew.',
  altered: 'A stored secret cannot be read any more. Set it anew.',
} as const;
