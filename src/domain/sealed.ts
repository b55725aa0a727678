import type { ProviderId } from './provider.ts';

/** Where something is kept that the vault sealed. */
export type SealedPlace =
  | { readonly kind: 'config'; readonly appId: string; readonly key: string }
  | { readonly kind: 'credential'; readonly owner: string; readonly provider: ProviderId }
  | { readonly kind: 'webhook'; readonly id: string }
  | {
      readonly kind: 'idempotency';
      readonly owner: string;
      readonly key: string;
      readonly part: 'request' | 'answer';
    };

export interface SealedRow {
  readonly place: SealedPlace;
  /** What it was sealed for. */
  readonly context: readonly string[];
  readonly sealed: string;
}

/** How everything begins that the key with this id sealed, so that a database can tell without opening anything. */
export const sealPrefix = (keyId: string): string => `v1.${keyId}.`;
