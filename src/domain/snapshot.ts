import * as v from 'valibot';
import { Text } from './app.ts';
import type { SnapshotContent } from './capture.ts';
import type { SandboxBlueprint, Visibility } from './sandbox.ts';

export const SNAPSHOT_STATUSES = ['capturing', 'ready', 'failed'] as const;
export type SnapshotStatus = (typeof SNAPSHOT_STATUSES)[number];

/** Somebody asked for it, or a restore took it of what it was about to replace. */
export const SNAPSHOT_CAUSES = ['manual', 'safety'] as const;
export type SnapshotCause = (typeof SNAPSHOT_CAUSES)[number];

/** A copy of a workspace that outlives its sandbox and its app. Times are milliseconds since the epoch. */
export interface Snapshot {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly cause: SnapshotCause;
  readonly status: SnapshotStatus;
  readonly sourceSandboxId: string;
  readonly sourceAppId?: string;
  /** What its source was last captured as, or was made from: its place in the lineage. */
  readonly parentSnapshotId?: string;
  /** Captures it, and keeps its archive unless the store is shared. */
  readonly nodeId: string;
  /** What a sandbox made from it is like, unless something else is asked for. */
  readonly blueprint: Pick<SandboxBlueprint, 'preset' | 'template' | 'ports'>;
  readonly visibility: Visibility;
  /** Once it is ready. */
  readonly content?: SnapshotContent;
  /** Why it failed. */
  readonly errorMessage?: string;
  readonly createdAt: number;
}

const Name = v.pipe(
  Text,
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(200, 'must be at most 200 characters'),
);

/** An id in a body; what is no id is nobody's either, so that it answers as one that does not exist. */
const IdField = v.pipe(Text, v.nonEmpty('must not be empty'));

export const NewSnapshot = v.object({
  source_sandbox_id: IdField,
  name: Name,
  live: v.optional(v.boolean('must be true or false'), false),
});

export const RestoreInput = v.object({ snapshot_id: IdField });
export const ForkInput = v.object({ snapshot_id: IdField, name: v.optional(Name) });
