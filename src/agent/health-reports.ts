import type { PreviewState } from '../domain/runtimed.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';

/**
 * A sandbox says how it is as often as it likes, and every report is a durable write here and a row at the API. So one
 * may report this many changes at once, and then one more per period. How it is in the end is reported all the same:
 * runtimed repeats its status.
 */
const BURST = 10;
const PERIOD_MS = 10_000;

interface Reported {
  /** Which start of the sandbox, and how it was. */
  readonly state: string;
  /** Reports that are left, at a time. */
  readonly allowance: number;
  readonly at: number;
}

/** Reports when a preview begins or ceases to serve, once per change. */
export class HealthReports {
  readonly #ports: Pick<AgentPorts, 'clock' | 'log'>;
  readonly #outbox: Outbox;
  readonly #changed: () => void;
  readonly #last = new Map<string, Reported>();

  constructor(ports: Pick<AgentPorts, 'clock' | 'log'>, outbox: Outbox, changed: () => void) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#changed = changed;
  }

  /** @param run tells starts apart: an app that serves again after a restart says so again */
  observe(sandboxId: string, run: number, preview: PreviewState): void {
    const health = healthOf(preview);
    const state = `${run}:${health}`;
    const last = this.#last.get(sandboxId);
    if (health === undefined || last?.state === state) return;
    const at = this.#ports.clock();
    const allowance = last === undefined ? BURST : refilled(last, at);
    if (allowance < 1) return;
    this.#last.set(sandboxId, { state, allowance: allowance - 1, at });
    this.#outbox
      .add(`${sandboxId}:${state}:${at}`, { at, sandboxId, ...REPORTS[health](preview) })
      .then(this.#changed, (error: unknown) =>
        this.#ports.log.error('a health report was lost', error, { sandboxId }),
      );
  }

  forget(sandboxId: string): void {
    this.#last.delete(sandboxId);
  }
}

const refilled = ({ allowance, at }: Reported, now: number): number =>
  Math.min(BURST, allowance + Math.max(0, now - at) / PERIOD_MS);

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
