import { expectedPreview } from '../domain/expected-preview.ts';
import type { Mask } from '../domain/mask.ts';
import { maskedTexts } from '../domain/masked.ts';
import type { SandboxObservation } from '../domain/node.ts';
import { knowsManifest, type PreviewState } from '../domain/runtimed.ts';
import type { LiveSandbox } from './live.ts';
import type { SandboxRecord } from './records.ts';
import { progressOf } from './routes-table.ts';

/** What is known of a sandbox besides its record and what it says itself. */
export interface Surroundings {
  readonly awakeBecause: string[];
  readonly lastActiveAt: number;
  readonly note?: string | undefined;
  readonly configRevision?: number | undefined;
  /** For what it says. */
  readonly mask: Mask;
}

/** What a node says of one sandbox. */
export function observationOf(
  record: SandboxRecord,
  live: LiveSandbox | undefined,
  now: Surroundings,
): SandboxObservation {
  const status = live?.status;
  const preview =
    status !== undefined && knowsManifest(status) ? status.preview : unseenPreview(record, live);
  const told = { errorMessage: record.errorMessage, manifestError: status?.manifest_error };
  return {
    id: record.id,
    generation: record.applied,
    state: record.state === 'new' ? 'creating' : record.state,
    ...maskedTexts(now.mask, told, ['errorMessage', 'manifestError']),
    lastActiveAt: now.lastActiveAt,
    preview: { ...preview, ...maskedTexts(now.mask, preview, ['build_error_message']) },
    processes: status?.processes ?? [],
    webPort: record.webPort ?? undefined,
    progress: progressOf(record, live, now.note),
    phase: status?.phase ?? (live === undefined ? undefined : 'starting'),
    awakeBecause: live === undefined ? [] : now.awakeBecause,
    configRevision: now.configRevision,
  };
}

function unseenPreview(record: SandboxRecord, live: LiveSandbox | undefined): PreviewState {
  const isComing = live !== undefined || record.operation?.kind === 'start';
  if (record.webPort === undefined) return expectedPreview(record.order.preset, isComing);
  if (record.webPort === null) return { status: 'none' };
  return { status: isComing ? 'starting' : 'down' };
}
