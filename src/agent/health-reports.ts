import type { PreviewState } from '../domain/runtimed.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';

/** Reports when a preview begins or ceases to serve, once per change. */
export class HealthReports {
  readonly #ports: Pick<AgentPorts, 'clock' | 'log'>;
  readonly #outbox: Outbox;
  readonly #changed: () => void;
  readonly #last = new Map<string, string>();

  constructor(ports: Pick<AgentPorts, 'clock' | 'log'>, outbox: Outbox, changed: () => void) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#changed = changed;
  }

  /** @param run tells starts apart: an app that serves again after a restart says so again */
  observe(sandboxId: string, run: number, preview: PreviewState): void {
    const health = healthOf(preview);
    if (health === undefined || this.#last.get(sandboxId) === `${run}:${health}`) return;
    this.#last.set(sandboxId, `${run}:${health}`);
    const at = this.#ports.clock();
    this.#outbox
      .add(`${sandboxId}:${run}:${health}:${at}`, { at, sandboxId, ...REPORTS[health](preview) })
      .then(this.#changed, (error: unknown) =>
        this.#ports.log.error('a health report was lost', error, { sandboxId }),
      );
  }

  forget(sandboxId: string): void {
    this.#last.delete(sandboxId);
  }
}

const REPORTS = {
  ok: () => ({ type: 'preview.health.ok', severity: 'info', message: 'The preview serves.' }) as const,
  failed: (preview: PreviewState) =>
    ({
      type: 'preview.health.failed',
      severity: 'warning',
      message: 'The preview does not serve.',
      payload: {
        preview_status: preview.status,
        has_preview_error: preview.build_error_message !== undefined,
      },
    }) as const,
};

function healthOf({ status }: PreviewState): keyof typeof REPORTS | undefined {
  if (status === 'ready') return 'ok';
  return status === 'down' || status === 'error' ? 'failed' : undefined;
}
