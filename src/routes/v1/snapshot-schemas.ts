import * as v from 'valibot';
import { SNAPSHOT_CAUSES, SNAPSHOT_STATUSES } from '../../domain/snapshot.ts';
import { AppBody, Id, named, SandboxBody, Time } from './schemas.ts';

/** The wire form of snapshots. */
export const SnapshotBody = named(
  'Snapshot',
  v.object({
    id: Id,
    name: v.string(),
    status: v.picklist(SNAPSHOT_STATUSES),
    cause: v.pipe(
      v.picklist(SNAPSHOT_CAUSES),
      v.description(
        'manual: somebody asked for it; safety: a restore took it of what it was about to replace',
      ),
    ),
    source_sandbox_id: v.optional(Id),
    source_app_id: v.optional(Id),
    parent_snapshot_id: v.optional(
      v.pipe(Id, v.description('what its source was last captured as, or was made from; may be deleted')),
    ),
    runtime_preset: v.optional(v.string()),
    base_image: v.pipe(
      v.string(),
      v.description('id of the image its workspace was laid out with; empty until it is ready'),
    ),
    visibility: v.picklist(['public', 'private']),
    size_bytes: v.optional(v.pipe(v.number(), v.description('of the archive'))),
    file_count: v.optional(v.number()),
    sha256: v.optional(v.pipe(v.string(), v.description('of the archive'))),
    warnings: v.pipe(v.array(v.string()), v.description('what was left out or changed, for people')),
    progress: v.optional(
      v.pipe(
        v.object({ step: v.string(), files: v.number(), bytes: v.number() }),
        v.description('while it is being captured'),
      ),
    ),
    error_message: v.optional(v.pipe(v.string(), v.description('why the capture failed'))),
    created_at: Time,
  }),
);

export const SnapshotListBody = v.object({ snapshots: v.array(SnapshotBody), next_before: v.optional(Id) });

export const ForkBody = v.object({ app: AppBody, sandbox: SandboxBody });
