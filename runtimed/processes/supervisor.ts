import { WEB_PROCESS } from '../../src/domain/manifest-schema.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { ProcessState, RestartScope } from '../../src/domain/runtimed.ts';
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

/** What is done around a restart. Neither may reject. */
export interface RestartSteps {
  /** Nothing of the old processes shows any more; they are about to be stopped. */
  readonly begun: () => void;
  /** They have ended, and the new ones wait. */
  readonly beforeStart: () => Promise<void>;
}

/** A restart that has not started anything anew yet. */
interface Restart {
  readonly scope: RestartScope | 'abandoned';
  readonly ended: Promise<void>;
}

/** Why a process is started anew, for its log: what it said before is no longer about what runs. */
const REASONS = {
  all: 'started anew, as asked for',
  after_task: 'started anew after a task',
  abandoned: 'started anew: a file of the app has changed',
  manifest: 'started anew: sandbox.yaml has changed',
} as const;

/** Keeps what a manifest declares running, and nothing else. */
export class Supervisor implements AsyncDisposable {
  readonly #context: SupervisionContext;
  readonly #logs: LogStore;
  readonly #processes = new Map<string, Supervised>();
  #queue: Promise<void> = Promise.resolve();
  /** Names of processes that are declared to be restarted after every task. */
  #restartable: ReadonlySet<string> = new Set();
  #restart: Restart | undefined;
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
    return this.#inTurn(() => {
      this.#restartable = restartableOf(manifest);
      return this.#reconcile(definitionsOf(manifest));
    });
  }

  /**
   * Stops processes and starts them anew, in turn with `apply`. `all` are every one of them; `after_task` those that
   * are declared so, and what was abandoned; `abandoned` the latter alone. Asking again before they are started anew
   * joins what is under way.
   * @returns when the old ones have ended; the new ones are started after `steps.beforeStart`
   */
  restart(scope: RestartScope | 'abandoned', steps: RestartSteps): Promise<void> {
    const underWay = this.#restart;
    if (underWay !== undefined && (underWay.scope === 'all' || underWay.scope === scope))
      return underWay.ended;
    const ended = Promise.withResolvers<void>();
    const restart = { scope, ended: ended.promise };
    this.#restart = restart;
    void this.#inTurn(() => this.#carryOut(restart, steps, ended.resolve));
    return ended.promise;
  }

  /** Resolves when every change and restart asked for by now is carried out. */
  get settled(): Promise<void> {
    return this.#queue;
  }

  /** Whether everything a manifest declares has been started, however that went. */
  get isStarted(): boolean {
    return (
      this.#isApplied && this.states.every((state) => state.running || state.restarts > 0 || state.abandoned)
    );
  }

  get hasAbandoned(): boolean {
    return this.states.some(({ abandoned }) => abandoned);
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

  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(change);
    return this.#queue;
  }

  #chosen(scope: RestartScope | 'abandoned'): Supervised[] {
    return [...this.#processes.values()].filter(({ state: { name, abandoned } }) => {
      return scope === 'all' || abandoned || (scope === 'after_task' && this.#restartable.has(name));
    });
  }

  async #carryOut(restart: Restart, steps: RestartSteps, ended: () => void): Promise<void> {
    const { timings, changes } = this.#context;
    const old = this.#chosen(restart.scope);
    const anew = old.map(({ definition }) => this.#create(definition));
    for (const process of anew) this.#processes.set(process.definition.name, process);
    if (old.length > 0) steps.begun();
    await Promise.all(old.map((process) => process.stop(timings.stopGrace)));
    ended();
    if (old.length > 0) await steps.beforeStart();
    for (const process of this.#closed ? [] : anew) process.start(REASONS[restart.scope]);
    if (this.#restart === restart) this.#restart = undefined;
    changes.notify();
  }

  #create(definition: ProcessDefinition): Supervised {
    return new Supervised(definition, this.#logs.of(definition.name), this.#context);
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
      const process = this.#create(definition);
      this.#processes.set(definition.name, process);
      return () =>
        this.#closed || process.start(previous.has(definition.name) ? REASONS.manifest : undefined);
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

function restartableOf({ web, workers }: Manifest): ReadonlySet<string> {
  const declared = [...(web ? [{ ...web, name: WEB_PROCESS }] : []), ...workers];
  return new Set(declared.filter((process) => process.restart_after_task).map(({ name }) => name));
}

const isSame = (a: ProcessDefinition, b: ProcessDefinition): boolean =>
  a.kind === b.kind && a.command === b.command && a.port === b.port;
