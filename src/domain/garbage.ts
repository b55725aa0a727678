import * as v from 'valibot';

/** What the node keeps and may not need any more. */
export const GARBAGE_KINDS = ['layer', 'image', 'trash', 'snapshot', 'sandbox'] as const;
export type GarbageKind = (typeof GARBAGE_KINDS)[number];

export const GarbageOptions = v.object({
  /** Only looks. */
  dryRun: v.boolean('must be true or false'),
  /** Also what was thrown away lately. */
  trash: v.boolean('must be true or false'),
});
export type GarbageOptions = v.InferOutput<typeof GarbageOptions>;

/** Something that nobody needs. */
export interface Garbage {
  readonly kind: GarbageKind;
  /** For people: an image's tag, a sandbox's id. */
  readonly name: string;
  /** On disk; undefined when nobody can say. */
  readonly sizeBytes?: number;
  /** Milliseconds since it was made, or thrown away; undefined when nobody can say. */
  readonly ageMs?: number;
  /** What people should know of it. */
  readonly note?: string;
  /** Undefined for what goes by itself. Safe to repeat. */
  readonly remove?: () => Promise<void>;
}

/** Knows of one kind of garbage. Never finds what anything could still need. */
export interface GarbageSource {
  readonly kind: GarbageKind;
  find(options: GarbageOptions): Promise<readonly Garbage[]>;
}

export interface GarbageItem extends Omit<Garbage, 'remove'> {
  /** `shown`: it goes by itself, or it is only looked at. */
  readonly outcome: 'removed' | 'shown' | 'failed';
  /** Why it failed. */
  readonly errorMessage?: string;
}

export interface GarbageReport {
  readonly items: readonly GarbageItem[];
  /** Kinds that could not be looked for, and why. */
  readonly failures: readonly { readonly kind: GarbageKind; readonly errorMessage: string }[];
}
