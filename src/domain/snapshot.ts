import * as v from 'valibot';
import { AppName, Text } from './app.ts';
import type { CaptureOrder, SnapshotContent } from './capture.ts';
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
  /** Its source may run while it is captured. */
  readonly live: boolean;
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

/** Characters. */
export const SNAPSHOT_NAME_LENGTH = 200;

const Name = v.pipe(
  Text,
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(SNAPSHOT_NAME_LENGTH, `must be at most ${SNAPSHOT_NAME_LENGTH} characters`),
);

/** What its node is told of it. */
export const captureOf = (snapshot: Snapshot): CaptureOrder => ({
  id: snapshot.id,
  sandboxId: snapshot.sourceSandboxId,
  live: snapshot.live,
  parentSnapshotId: snapshot.parentSnapshotId,
});

/** An id in a body; what is no id is nobody's either, so that it answers as one that does not exist. */
export const BodyId = v.pipe(Text, v.nonEmpty('must not be empty'));

export const NewSnapshot = v.object({
  source_sandbox_id: BodyId,
  name: Name,
  live: v.optional(v.boolean('must be true or false'), false),
});

export const RestoreInput = v.object({ snapshot_id: BodyId });
export const ForkInput = v.object({ snapshot_id: BodyId, name: v.optional(AppName) });
