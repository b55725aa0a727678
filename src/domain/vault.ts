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
   * @throws unavailable when it was sealed with another key or for another context, or was changed since
   */
  open(sealed: string, context: readonly string[]): Promise<string>;
  /** Whether the current key sealed it; false for what is not sealed at all. */
  isCurrent(sealed: string): Promise<boolean>;
}
