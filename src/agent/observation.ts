import { expectedPreview } from '../domain/expected-preview.ts';
import type { SandboxObservation } from '../domain/node.ts';
import { knowsManifest, type PreviewState } from '../domain/runtimed.ts';
import type { LiveSandbox } from './live.ts';
import type { SandboxRecord } from './records.ts';
import { progressOf } from './routes-table.ts';

/** What a node says of one sandbox. */
export function observationOf(
  record: SandboxRecord,
  live: LiveSandbox | undefined,
  now: { awakeBecause: string[]; lastActiveAt: number; note?: string | undefined },
): SandboxObservation {
  const status = live?.status;
  return {
    id: record.id,
    generation: record.applied,
    state: record.state === 'new' ? 'creating' : record.state,
    errorMessage: record.errorMessage,
    lastActiveAt: now.lastActiveAt,
    preview: status !== undefined && knowsManifest(status) ? status.preview : unseenPreview(record, live),
    processes: status?.processes ?? [],
    webPort: record.webPort ?? undefined,
    manifestError: status?.manifest_error,
    progress: progressOf(record, live, now.note),
    phase: status?.phase ?? (live === undefined ? undefined : 'starting'),
    awakeBecause: live === undefined ? [] : now.awakeBecause,
  };
}

function unseenPreview(record: SandboxRecord, live: LiveSandbox | undefined): PreviewState {
  const isComing = live !== undefined || record.operation?.kind === 'start';
  if (record.webPort === undefined) return expectedPreview(record.order.preset, isComing);
  if (record.webPort === null) return { status: 'none' };
  return { status: isComing ? 'starting' : 'down' };
}
