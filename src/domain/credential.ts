import type { ProviderId } from './provider.ts';

/** An owner's key for a provider, sealed by the vault. Times are milliseconds since the epoch. */
export interface Credential {
  readonly owner: string;
  readonly provider: ProviderId;
  /** What the vault made of the key; it opens with {@link credentialContext}. */
  readonly sealed: string;
  readonly updatedAt: number;
}

/** What may be shown of a key: that there is one. */
export type CredentialNote = Pick<Credential, 'provider' | 'updatedAt'>;

/** What a key is sealed for: moved to another owner or provider, it does not open. */
export const credentialContext = (owner: string, provider: ProviderId): readonly string[] => [
  'credential',
  owner,
  provider,
];
