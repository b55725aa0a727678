import type { NodeReport } from '../domain/node.ts';
import type { PreviewState, ProcessState, RuntimeStatus } from '../domain/runtimed.ts';

export type StatusReport = Pick<NodeReport, 'type' | 'severity' | 'message' | 'payload'>;

/** How one part of a sandbox is. */
export interface StatusFact {
  /** Which part; a process has its own. */
  readonly subject: string;
  /** Undefined while it is between two states: it counts as what it was. */
  readonly state: string | undefined;
  /** Told when the state is news; a state without one goes by untold. */
  readonly report?: StatusReport;
}

/** Everything in a status whose change may be worth telling. */
export const factsOf = (status: RuntimeStatus): StatusFact[] => [
  previewFact(status.preview),
  manifestFact(status.manifest_error),
  ...status.processes.map(processFact),
];

function previewFact(preview: PreviewState): StatusFact {
  const subject = 'preview';
  if (preview.status === 'ready') {
    const report = { type: 'preview.health.ok', severity: 'info', message: 'The preview serves.' } as const;
    return { subject, state: 'ok', report };
  }
  if (preview.status !== 'down' && preview.status !== 'error') return { subject, state: undefined };
  return {
    subject,
    state: 'failed',
    report: {
      type: 'preview.health.failed',
      severity: 'warning',
      message: 'The preview does not serve.',
      payload: {
        preview_status: preview.status,
        has_preview_error: preview.build_error_message !== undefined,
      },
    },
  };
}

/** What is wrong with the file stays in the status: it may quote the file. */
function manifestFact(error: string | undefined): StatusFact {
  const subject = 'manifest';
  if (error === undefined) return { subject, state: 'usable' };
  return {
    subject,
    state: 'invalid',
    report: {
      type: 'manifest.invalid',
      severity: 'warning',
      message: 'sandbox.yaml cannot be used as it is; the defaults run instead.',
    },
  };
}

function processFact({ name, kind, restarts, abandoned }: ProcessState): StatusFact {
  const subject = `process:${name}`;
  if (!abandoned) return { subject, state: 'kept' };
  return {
    subject,
    state: 'abandoned',
    report: {
      type: 'process.abandoned',
      severity: 'warning',
      message: `The process "${name}" crashed too often in a row and was left alone. Its log says why.`,
      payload: { process: name, kind, restarts },
    },
  };
}
