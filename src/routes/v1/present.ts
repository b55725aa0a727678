import type * as v from 'valibot';
import type { App } from '../../domain/app.ts';
import type { Event } from '../../domain/event.ts';
import { expectedPreview } from '../../domain/expected-preview.ts';
import { timestamp } from '../../domain/ids.ts';
import type { Preset } from '../../domain/preset.ts';
import { type PreviewAddressing, previewUrl } from '../../domain/preview.ts';
import { optionalTimestamp } from '../../domain/record.ts';
import type { PreviewState } from '../../domain/runtimed.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { AppBody, EventListBody, PresetBody, SandboxBody } from './schemas.ts';

/** Domain objects in their wire form. */
export const presentApp = (app: App): v.InferOutput<typeof AppBody> => ({
  id: app.id,
  name: app.name,
  description: app.description,
  tags: [...app.tags],
  external_user_id: app.externalUserId,
  external_project_id: app.externalProjectId,
  runtime_preset: app.preset,
  current_sandbox_id: app.currentSandboxId,
  forked_from_app_id: app.forkedFrom?.appId,
  forked_from_snapshot_id: app.forkedFrom?.snapshotId,
  created_at: timestamp(app.createdAt),
  updated_at: timestamp(app.updatedAt),
});

export function presentSandbox(
  { sandbox, seen }: SandboxView,
  addressing: PreviewAddressing,
): v.InferOutput<typeof SandboxBody> {
  const preview = seen?.preview ?? unseenPreview(sandbox);
  const port = seen?.webPort ?? sandbox.ports[0] ?? 0;
  const url = preview.status === 'none' ? '' : previewUrl(addressing, { sandboxId: sandbox.id, port });
  return {
    id: sandbox.id,
    status: sandbox.status,
    preview: { url, ...preview },
    processes: [...(seen?.processes ?? [])],
    active_task_id: sandbox.activeTaskId,
    template: sandbox.template,
    app_id: sandbox.appId,
    from_snapshot_id: sandbox.fromSnapshotId,
    replaces_sandbox_id: sandbox.replaces?.sandboxId,
    runtime_preset: sandbox.preset,
    paused: sandbox.paused,
    keepalive_until: optionalTimestamp(sandbox.keepaliveUntil),
    last_active_at: optionalTimestamp(seen?.lastActiveAt ?? sandbox.lastActiveAt),
    idle_policy: sandbox.idlePolicy,
    visibility: sandbox.visibility,
    awake_because: [...(seen?.awakeBecause ?? [])],
    progress: seen?.progress,
    manifest_error: seen?.manifestError,
    error_message: sandbox.errorMessage,
    node_id: sandbox.nodeId,
    created_at: timestamp(sandbox.createdAt),
    updated_at: timestamp(sandbox.updatedAt),
  };
}

const unseenPreview = ({ status, preset }: Sandbox): PreviewState =>
  expectedPreview(preset, status === 'running' || status === 'creating');

export const presentEvent = (event: Event): v.InferOutput<typeof EventListBody>['events'][number] => ({
  id: event.id,
  type: event.type,
  severity: event.severity,
  message: event.message,
  app_id: event.appId,
  sandbox_id: event.sandboxId,
  task_id: event.taskId,
  snapshot_id: event.snapshotId,
  payload: event.payload,
  created_at: timestamp(event.createdAt),
});

export const presentPreset = ({
  id,
  label,
  description,
  template,
  capabilities,
}: Preset): v.InferOutput<typeof PresetBody> => ({
  id,
  label,
  description,
  template,
  capabilities: [...capabilities],
});
