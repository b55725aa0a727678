import type * as v from 'valibot';
import type { CaptureProgress } from '../../domain/capture.ts';
import { timestamp } from '../../domain/ids.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { SnapshotBody } from './snapshot-schemas.ts';

/** A snapshot in its wire form. */
export function presentSnapshot(
  snapshot: Snapshot,
  progress: CaptureProgress | undefined,
): v.InferOutput<typeof SnapshotBody> {
  const { content } = snapshot;
  return {
    id: snapshot.id,
    name: snapshot.name,
    status: snapshot.status,
    cause: snapshot.cause,
    source_sandbox_id: snapshot.sourceSandboxId,
    source_app_id: snapshot.sourceAppId,
    parent_snapshot_id: snapshot.parentSnapshotId,
    runtime_preset: snapshot.blueprint.preset,
    base_image: content?.baseImage ?? '',
    visibility: snapshot.visibility,
    size_bytes: content?.sizeBytes,
    file_count: content?.fileCount,
    sha256: content?.sha256,
    warnings: [...(content?.warnings ?? [])],
    ...(progress && { progress: { step: progress.step, files: progress.files, bytes: progress.bytes } }),
    error_message: snapshot.errorMessage,
    created_at: timestamp(snapshot.createdAt),
  };
}
