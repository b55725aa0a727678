import { WEB_PROCESS } from '../../src/domain/manifest-schema.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { ProcessState } from '../../src/domain/runtimed.ts';
import type { LogStore } from '../logs/log-store.ts';
import { type ProcessDefinition, Supervised, type SupervisionContext } from './supervised.ts';

/** What the health check needs to know of the web process. */
export interface WebProcess {
  readonly running: boolean;
  /** Differs between any two launches; "" before the first. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Keeps what a manifest declares running, and nothing else. */
export class Supervisor implements AsyncDisposable {
  readonly #context: SupervisionContext;
  readonly #logs: LogStore;
  readonly #processes = new Map<string, Supervised>();
  #queue: Promise<void> = Promise.resolve();
  #closed = false;
  #isApplied = false;

  constructor(logs: LogStore, context: SupervisionContext) {
    this.#logs = logs;
    this.#context = context;
  }

  /**
   * Stops what is no longer declared or declared differently, starts what is new, and gives what was abandoned
   * another chance. Processes whose definition stays are not touched. Calls are carried out one after another.
   */
  apply(manifest: Manifest): Promise<void> {
    this.#queue = this.#queue.then(() => this.#reconcile(definitionsOf(manifest)));
    return this.#queue;
  }

  /** Whether everything a manifest declares has been started, however that went. */
  get isStarted(): boolean {
    return (
      this.#isApplied && this.states.every((state) => state.running || state.restarts > 0 || state.abandoned)
    );
  }

  /** In the manifest's order, the web process first. */
  get states(): ProcessState[] {
    return [...this.#processes.values()].map(({ state }) => state);
  }

  get web(): WebProcess | undefined {
    const web = this.#processes.get(WEB_PROCESS);
    if (web === undefined) return undefined;
    return { running: web.state.running, ...web.launch };
  }

  /** Whether a process of that name is declared. */
  has(name: string): boolean {
    return this.#processes.has(name);
  }

  /** Stops everything, whatever is still being applied. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const { shutdownGrace } = this.#context.timings;
    await Promise.all([...this.#processes.values()].map((process) => process.stop(shutdownGrace)));
    await this.#queue;
  }

  async #reconcile(wanted: readonly ProcessDefinition[]): Promise<void> {
    const previous = new Map(this.#processes);
    this.#processes.clear();
    const starts = wanted.map((definition) => {
      const existing = previous.get(definition.name);
      if (existing && isSame(existing.definition, definition)) {
        previous.delete(definition.name);
        this.#processes.set(definition.name, existing);
        return () => existing.revive();
      }
      const process = new Supervised(definition, this.#logs.of(definition.name), this.#context);
      this.#processes.set(definition.name, process);
      return () => this.#closed || process.start();
    });
    const { stopGrace } = this.#context.timings;
    // All of them first: a new process may want the port or the files of one that leaves under another name.
    await Promise.all([...previous.values()].map((process) => process.stop(stopGrace)));
    for (const start of starts) start();
    this.#isApplied = true;
    this.#context.changes.notify();
  }
}

function definitionsOf({ web, workers }: Manifest): ProcessDefinition[] {
  return [
    ...(web ? [{ name: WEB_PROCESS, kind: 'web' as const, command: web.command, port: web.port }] : []),
    ...workers.map(({ name, command }) => ({ name, kind: 'worker' as const, command })),
  ];
}

const isSame = (a: ProcessDefinition, b: ProcessDefinition): boolean =>
  a.kind === b.kind && a.command === b.command && a.port === b.port;
