import * as v from 'valibot';
import { findPreset, PRESETS } from './preset.ts';

/** A durable thing that outlives its sandboxes. Times are milliseconds since the epoch. */
export interface App {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly externalUserId?: string;
  readonly externalProjectId?: string;
  readonly preset?: string;
  /** What it began as, when it is a fork. */
  readonly forkedFrom?: { readonly snapshotId: string; readonly appId?: string };
  /** The one live sandbox, when there is one. */
  readonly currentSandboxId?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Characters. */
export const APP_NAME_LENGTH = 200;
const LIMITS = { name: APP_NAME_LENGTH, description: 10_000, tags: 32, tag: 64, external: 256 } as const;

/** Databases and terminals cut text at a NUL. */
export const Text = v.pipe(
  v.string('must be a string'),
  v.check((text) => !text.includes('\0'), 'must not contain a NUL character'),
);
export const AppName = v.pipe(
  Text,
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(LIMITS.name, `must be at most ${LIMITS.name} characters`),
);
const Description = v.pipe(
  Text,
  v.maxLength(LIMITS.description, `must be at most ${LIMITS.description} characters`),
);
const Tag = v.pipe(
  Text,
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(LIMITS.tag, `must be at most ${LIMITS.tag} characters`),
);
const Tags = v.pipe(
  v.array(Tag, 'must be a list of strings'),
  v.maxLength(LIMITS.tags, `must hold at most ${LIMITS.tags} tags`),
);
const External = v.pipe(Text, v.maxLength(LIMITS.external, `must be at most ${LIMITS.external} characters`));

export const PresetId = v.pipe(
  v.string('must be a string'),
  v.check(
    (id) => findPreset(id) !== undefined,
    `must be one of ${PRESETS.map((preset) => preset.id).join(', ')}`,
  ),
);

export const NewApp = v.object({
  name: AppName,
  description: v.optional(Description, ''),
  tags: v.optional(Tags, []),
  external_user_id: v.optional(External),
  external_project_id: v.optional(External),
  runtime_preset: v.optional(PresetId),
});

export const AppPatch = v.object({
  name: v.optional(AppName),
  description: v.optional(Description),
  tags: v.optional(Tags),
});
