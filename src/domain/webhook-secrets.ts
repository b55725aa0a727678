import { newSigningSecret } from './webhook-signature.ts';

/** How long the secret before the current one signs as well, so that receivers can change over without a gap. */
export const SECRET_OVERLAP_MS = 24 * 3_600_000;

/**
 * The signing secrets of a webhook, as the vault seals them: the current one; after a rotation, on further lines, the one
 * before it and until when that signs as well, in milliseconds since the epoch. Lines, because what masks secrets in
 * output knows those.
 */
type SecretsText = string;

/** @returns the new secret, which is shown this once, and what is sealed */
export function rotateSecrets(text: SecretsText, now: number): { secret: string; text: SecretsText } {
  const secret = newSigningSecret();
  const [current = ''] = text.split('\n');
  return { secret, text: [secret, current, now + SECRET_OVERLAP_MS].join('\n') };
}

/** Those that sign at a moment, the current one first. */
export function secretsAt(text: SecretsText, now: number): string[] {
  const [current = '', previous, until] = text.split('\n');
  return previous === undefined || Number(until) <= now ? [current] : [current, previous];
}
