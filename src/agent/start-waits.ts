import type { RuntimeStatus } from '../domain/runtimed.ts';
import type { AgentPorts } from './ports.ts';
import type { StartCause } from './records.ts';

/** What somebody waits for: a sandbox that was ordered, or one that a visitor wants to see. */
type Waited = Exclude<StartCause, 'order'>;

const METRICS = {
  create: { count: 'creates_total', duration: 'create_duration_seconds' },
  wake: { count: 'wakes_total', duration: 'wake_duration_seconds' },
} as const;

/**
 * Measures how long starts take to those who wait for them, each once: from what was asked to the first good answer of
 * the app. One that ends before it has given any has failed. What a restart of the node cuts off is not measured.
 */
export class StartWaits {
  readonly #ports: Pick<AgentPorts, 'clock' | 'metrics'>;
  readonly #waiting = new Map<string, { readonly cause: Waited; readonly since: number }>();

  constructor(ports: Pick<AgentPorts, 'clock' | 'metrics'>) {
    this.#ports = ports;
  }

  /** @param since when it was asked for: a start waits for what is being done to its sandbox */
  begin(id: string, cause: Waited, since: number): void {
    if (!this.#waiting.has(id)) this.#waiting.set(id, { cause, since });
  }

  observe(id: string, status: RuntimeStatus): void {
    const wait = this.#waiting.get(id);
    if (wait === undefined || !answers(status)) return;
    this.#waiting.delete(id);
    const seconds = Math.max(0, this.#ports.clock() - wait.since) / 1000;
    this.#ports.metrics.count(METRICS[wait.cause].count, { result: 'ok' });
    this.#ports.metrics.observe(METRICS[wait.cause].duration, seconds, {});
  }

  /** Nobody waits for it any more; nothing happens to one that has answered. */
  fail(id: string): void {
    const wait = this.#waiting.get(id);
    if (wait === undefined) return;
    this.#waiting.delete(id);
    this.#ports.metrics.count(METRICS[wait.cause].count, { result: 'failed' });
  }
}

/** An app without a page is there when it has been started. */
const answers = ({ phase, preview }: RuntimeStatus): boolean =>
  preview.status === 'ready' || (preview.status === 'none' && phase === 'ready');
