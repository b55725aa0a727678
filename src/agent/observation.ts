import type { SandboxObservation } from '../domain/node.ts';
import type { PreviewState } from '../domain/runtimed.ts';
import type { LiveSandbox } from './live.ts';
import type { SandboxRecord } from './records.ts';
import { progressOf } from './routes-table.ts';

/** What a node says of one sandbox. */
export function observationOf(
  record: SandboxRecord,
  live: LiveSandbox | undefined,
  now: { awakeBecause: string[]; lastActiveAt: number },
): SandboxObservation {
  const status = live?.status;
  return {
    id: record.id,
    generation: record.applied,
    state: record.state === 'new' ? 'creating' : record.state,
    errorMessage: record.errorMessage,
    lastActiveAt: now.lastActiveAt,
    preview: status?.preview ?? unseenPreview(record, live),
    processes: status?.processes ?? [],
    webPort: record.webPort ?? undefined,
    manifestError: status?.manifest_error,
    progress: progressOf(record, live),
    phase: status?.phase,
    awakeBecause: live === undefined ? [] : now.awakeBecause,
  };
}

function unseenPreview(record: SandboxRecord, live: LiveSandbox | undefined): PreviewState {
  if (record.webPort === null) return { status: 'none' };
  const isComing = live !== undefined || record.operation?.kind === 'start';
  return { status: isComing ? 'starting' : 'down' };
}
