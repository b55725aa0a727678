import type { RuntimeStatus } from '../domain/runtimed.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';
import { factsOf, type StatusReport } from './status-facts.ts';

/**
 * A sandbox says how it is as often as it likes, and every report is a durable write here and a row at the API. So one
 * may report this many changes at once, of whatever kind, and then one more per period. How it is in the end is reported
 * all the same: runtimed repeats its status.
 */
const BURST = 10;
const PERIOD_MS = 10_000;

interface Reported {
  /** Which start of the sandbox. */
  readonly run: number;
  /** The state of each subject as it was told. */
  readonly states: ReadonlyMap<string, string>;
  /** Reports that are left, at a time. */
  readonly allowance: number;
  readonly at: number;
}

/** Reports what changes in how a sandbox is, once per change. */
export class StatusReports {
  readonly #ports: Pick<AgentPorts, 'clock' | 'log'>;
  readonly #outbox: Outbox;
  readonly #changed: () => void;
  readonly #last = new Map<string, Reported>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(ports: Pick<AgentPorts, 'clock' | 'log'>, outbox: Outbox, changed: () => void) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#changed = changed;
  }

  /** @param run tells starts apart: what is so again after a restart is told again */
  observe(sandboxId: string, run: number, status: RuntimeStatus): void {
    const at = this.#ports.clock();
    const last = this.#last.get(sandboxId);
    let allowance = last === undefined ? BURST : refilled(last, at);
    const before = last?.run === run ? last.states : undefined;
    // Only of what there is now: a sandbox makes up names of processes as it likes.
    const states = new Map<string, string>();
    for (const { subject, state: now, report } of factsOf(status)) {
      const was = before?.get(subject);
      const isNews = now !== undefined && now !== was;
      const mustWait = isNews && report !== undefined && allowance < 1;
      const state = isNews && !mustWait ? now : was;
      if (state !== undefined) states.set(subject, state);
      if (!isNews || mustWait || report === undefined) continue;
      allowance -= 1;
      this.#report(`${sandboxId}:${run}:${subject}:${now}:${at}`, sandboxId, at, report);
    }
    this.#last.set(sandboxId, { run, states, allowance, at });
  }

  forget(sandboxId: string): void {
    this.#last.delete(sandboxId);
  }

  #report(key: string, sandboxId: string, at: number, report: StatusReport): void {
    const told = this.#outbox
      .add(key, { at, sandboxId, ...report })
      .then(this.#changed, (error: unknown) =>
        this.#ports.log.error('a report of how a sandbox is was lost', error, { sandboxId }),
      )
      .finally(() => this.#underWay.delete(told));
    this.#underWay.add(told);
  }

  /** Returns when all that was observed is on disk. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

const refilled = ({ allowance, at }: Reported, now: number): number =>
  Math.min(BURST, allowance + Math.max(0, now - at) / PERIOD_MS);
