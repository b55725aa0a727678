import { SandboxdError } from '../../src/domain/errors.ts';
import type { SandboxFiles } from '../../src/domain/files.ts';
import type { SandboxRuntime } from '../../src/domain/runtime.ts';
import type {
  ExecEvent,
  ExecRequest,
  RestartScope,
  RuntimeConfig,
  RuntimeStatus,
} from '../../src/domain/runtimed.ts';
import { FakeTasks } from './fake-tasks.ts';

export const READY: RuntimeStatus = {
  phase: 'ready',
  preview: { status: 'ready', last_http_status: 200 },
  web_port: 3000,
  processes: [{ name: 'web', kind: 'web', running: true, pid: 10, restarts: 0, abandoned: false }],
};

const LOG = ['one', 'two', 'three'];

/** A runtime in memory: ready at once, echoing what is run. */
export class FakeRuntime implements SandboxRuntime {
  readonly files: SandboxFiles;
  readonly tasks: FakeTasks;
  reachable = true;
  /** What was asked to be restarted. */
  readonly restarts: RestartScope[] = [];
  /** What it was configured with, in order. */
  readonly configs: RuntimeConfig[] = [];
  /** What the next configuration fails with, once. */
  refusal: SandboxdError | undefined;
  #status = READY;
  readonly #watchers = new Set<(status: RuntimeStatus | undefined) => void>();

  constructor(files: SandboxFiles, tasks = new FakeTasks()) {
    this.files = files;
    this.tasks = tasks;
  }

  /** What it says from now on. */
  become(status: RuntimeStatus): void {
    this.#status = status;
    for (const watcher of this.#watchers) watcher(status);
  }

  async status(): Promise<RuntimeStatus> {
    this.#require();
    return this.#status;
  }

  async *watch(signal: AbortSignal): AsyncIterable<RuntimeStatus> {
    this.#require();
    let next = Promise.withResolvers<RuntimeStatus | undefined>();
    const watcher = (status: RuntimeStatus | undefined) => {
      next.resolve(status);
      next = Promise.withResolvers();
    };
    const leave = () => watcher(undefined);
    this.#watchers.add(watcher);
    signal.addEventListener('abort', leave);
    try {
      let status: RuntimeStatus | undefined = this.#status;
      while (status !== undefined && !signal.aborted) {
        const following = next.promise;
        yield status;
        status = await following;
      }
    } finally {
      signal.removeEventListener('abort', leave);
      this.#watchers.delete(watcher);
    }
  }

  async *exec({ cmd }: ExecRequest): AsyncIterable<ExecEvent> {
    this.#require();
    yield { type: 'stdout', data: `${cmd.join(' ')}\n` };
    yield { type: 'exit', exit_code: 0, truncated: false, timed_out: false };
  }

  async tailLog(process: string, lines: number): Promise<string[]> {
    this.#require();
    if (process !== 'web') throw new SandboxdError('not_found', 'No such process.');
    return LOG.slice(-lines);
  }

  async *followLog(_process: string, lines: number, _signal: AbortSignal): AsyncIterable<string> {
    this.#require();
    yield* LOG.slice(-lines);
  }

  async configure(config: RuntimeConfig): Promise<void> {
    this.#require();
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) throw refusal;
    this.configs.push(config);
    this.become({ ...this.#status, config_revision: config.revision });
  }

  async restart(scope: RestartScope): Promise<void> {
    this.#require();
    this.restarts.push(scope);
    const processes = this.#status.processes.map((process) => ({ ...process, running: false, restarts: 0 }));
    this.become({ ...this.#status, phase: 'starting', preview: { status: 'starting' }, processes });
  }

  async shutdown(): Promise<void> {
    this.#require();
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #require(): void {
    if (!this.reachable) throw new SandboxdError('sandbox_unavailable', 'The sandbox does not answer.');
  }
}
