import { AGENT_IDS, type AgentId } from '../../src/domain/coding-agent.ts';
import { SandboxdError, invalid, notFound } from '../../src/domain/errors.ts';
import type {
  ContainerSpec,
  ContainerView,
  Engine,
  EngineEvent,
  EngineInfo,
  StartedContainer,
} from '../../src/domain/engine.ts';
import { parseId } from '../../src/domain/ids.ts';

interface FakeContainer {
  spec: ContainerSpec;
  state: 'running' | 'paused' | 'stopped';
  startedAt: number;
  address: string;
  exitCode?: number;
  oomKilled: boolean;
}

export interface FakeEngineOptions {
  readonly images?: readonly string[];
  /** What its images offer; all there are when unset. */
  readonly agents?: readonly AgentId[];
  /** Fills a directory with what an image has at a path; answers false when it has nothing there. */
  readonly extract?: (image: string, path: string, intoDirectory: string) => Promise<boolean>;
  readonly overlay?: boolean;
  /** What runs in a container from its start on: a stand-in for runtimed, or what makes the start fail. */
  readonly onStart?: (spec: ContainerSpec, container: StartedContainer) => Promise<void> | void;
  readonly onStop?: (sandboxId: string) => Promise<void> | void;
  readonly address?: (sandboxId: string) => string;
}

/** An engine in memory that keeps the port's promises, and can be made to misbehave like a real one. */
export class FakeEngine implements Engine {
  /** Every call, like `start 01J…`, in order. */
  readonly calls: string[] = [];
  /** What the next calls fail with, by operation; the engine being gone, for all of them. */
  readonly failures = new Map<keyof Engine, SandboxdError>();
  reachable = true;
  networkStands = false;
  /** The coding agents that its images offer. */
  agents: readonly AgentId[];
  readonly #options: FakeEngineOptions;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #volumes = new Set<string>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #now = 1_700_000_000_000;
  #starts = 0;

  constructor(options: FakeEngineOptions = {}) {
    this.#options = options;
    this.agents = options.agents ?? AGENT_IDS;
  }

  // What a test does to it.

  /** The program ends by itself, or is killed for its memory. */
  crash(sandboxId: string, { exitCode = 1, oomKilled = false } = {}): void {
    const container = this.#must(sandboxId);
    if (oomKilled) this.#emit({ type: 'oom', sandboxId: container.spec.sandboxId, at: this.#tick() });
    this.#end(container, exitCode, oomKilled);
  }

  /** Somebody removes it behind sandboxd's back. */
  vanish(sandboxId: string): void {
    this.#containers.delete(this.#key(sandboxId));
  }

  /** The engine restarts: everything stops, and nobody is told what happened meanwhile. */
  restart(): void {
    this.#emit({ type: 'disconnected' });
    for (const container of this.#containers.values()) container.state = 'stopped';
    this.reachable = true;
    this.#emit({ type: 'connected' });
  }

  spec(sandboxId: string): ContainerSpec | undefined {
    return this.#containers.get(this.#key(sandboxId))?.spec;
  }

  // The port.

  async info(): Promise<EngineInfo> {
    this.#called('info');
    return { version: 'fake', cgroupVersion: 2, memoryBytes: 8 * 1024 ** 3, cpus: 4, runtimes: ['runc'] };
  }

  async tidy(): Promise<void> {
    this.#called('tidy');
  }

  async ensureNetwork(): Promise<void> {
    this.#called('ensureNetwork');
    this.networkStands = true;
  }

  async keepNetworks(image: string): Promise<void> {
    this.#called('keepNetworks');
    this.#mustHave(image);
  }

  async removeNetwork(): Promise<void> {
    this.#called('removeNetwork');
    if ([...this.#containers.values()].some(({ state }) => state !== 'stopped')) {
      throw new SandboxdError('conflict', 'A sandbox is attached to the network.');
    }
    this.networkStands = false;
  }

  async create(spec: ContainerSpec): Promise<void> {
    this.#called('create', spec.sandboxId);
    this.#mustHave(spec.image);
    const key = this.#key(spec.sandboxId);
    const existing = this.#containers.get(key);
    if (existing !== undefined && JSON.stringify(existing.spec) === JSON.stringify(spec)) return;
    if (existing !== undefined) this.#end(existing, 137);
    this.#containers.set(key, { spec, state: 'stopped', startedAt: 0, address: '', oomKilled: false });
    if (spec.home.kind === 'overlay') this.#volumes.add(key);
  }

  async start(sandboxId: string): Promise<StartedContainer> {
    this.#called('start', sandboxId);
    const container = this.#must(sandboxId);
    if (container.state === 'paused') throw new SandboxdError('conflict', 'The sandbox is paused.');
    if (container.state === 'stopped') await this.#run(container);
    return { address: container.address, startedAt: container.startedAt };
  }

  async #run(container: FakeContainer): Promise<void> {
    this.#starts += 1;
    const { sandboxId } = container.spec;
    container.state = 'running';
    container.startedAt = this.#tick();
    container.address =
      this.#options.address?.(sandboxId) ?? `10.0.${this.#starts >> 8}.${this.#starts & 255}`;
    container.oomKilled = false;
    this.#emit({ type: 'start', sandboxId, at: container.startedAt });
    await this.#options.onStart?.(container.spec, container);
  }

  async stop(sandboxId: string, _graceSeconds: number): Promise<void> {
    this.#called('stop', sandboxId);
    await this.#halt(sandboxId, 143);
  }

  async kill(sandboxId: string): Promise<void> {
    this.#called('kill', sandboxId);
    await this.#halt(sandboxId, 137);
  }

  async #halt(sandboxId: string, exitCode: number): Promise<void> {
    const container = this.#containers.get(this.#key(sandboxId));
    if (container === undefined || container.state === 'stopped') return;
    await this.#options.onStop?.(container.spec.sandboxId);
    this.#end(container, exitCode);
  }

  async pause(sandboxId: string): Promise<void> {
    this.#called('pause', sandboxId);
    this.#freeze(sandboxId, 'paused');
  }

  async unpause(sandboxId: string): Promise<void> {
    this.#called('unpause', sandboxId);
    this.#freeze(sandboxId, 'running');
  }

  #freeze(sandboxId: string, state: 'paused' | 'running'): void {
    const container = this.#must(sandboxId);
    if (container.state === 'stopped') throw new SandboxdError('conflict', 'The sandbox is stopped.');
    if (container.state === state) return;
    container.state = state;
    const type = state === 'paused' ? 'pause' : 'unpause';
    this.#emit({ type, sandboxId: container.spec.sandboxId, at: this.#tick() });
  }

  async remove(sandboxId: string): Promise<void> {
    this.#called('remove', sandboxId);
    await this.#halt(sandboxId, 137);
    this.#containers.delete(this.#key(sandboxId));
    this.#volumes.delete(this.#key(sandboxId));
  }

  async inspect(sandboxId: string): Promise<ContainerView> {
    this.#called('inspect', sandboxId);
    const container = this.#containers.get(this.#key(sandboxId));
    if (container === undefined) return { sandboxId, state: 'absent' };
    const { state, address, startedAt, exitCode, oomKilled } = container;
    if (state !== 'stopped') return { sandboxId, state, address, startedAt };
    return { sandboxId, state, ...(exitCode !== undefined && { exitCode, oomKilled }) };
  }

  async list(): Promise<readonly ContainerView[]> {
    this.#called('list');
    return [...this.#containers.values()].map(({ spec: { sandboxId }, state, address }) =>
      state === 'stopped' ? { sandboxId, state } : { sandboxId, state, address },
    );
  }

  async *events(signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const queue: EngineEvent[] = [{ type: 'connected' }];
    let wake: (() => void) | undefined;
    const listener = (event: EngineEvent): void => {
      queue.push(event);
      wake?.();
    };
    const onAbort = () => wake?.();
    this.#listeners.add(listener);
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async imageDigest(reference: string): Promise<string> {
    this.#called('imageDigest');
    this.#mustHave(reference);
    return reference.startsWith('sha256:') ? reference : `sha256:${'0'.repeat(64)}`;
  }

  async imageAgents(reference: string): Promise<ReadonlySet<AgentId>> {
    this.#called('imageAgents');
    this.#mustHave(reference);
    return new Set(this.agents);
  }

  async extract(image: string, path: string, intoDirectory: string, signal?: AbortSignal): Promise<void> {
    this.#called('extract', path);
    const isThere = await this.#options.extract?.(image, path, intoDirectory);
    signal?.throwIfAborted();
    if (!isThere) throw notFound('directory in the image');
  }

  async probeOverlay(): Promise<boolean> {
    this.#called('probeOverlay');
    return this.#options.overlay ?? false;
  }

  async listVolumes(): Promise<readonly string[]> {
    this.#called('listVolumes');
    return [...this.#volumes];
  }

  async removeVolume(sandboxId: string): Promise<void> {
    this.#called('removeVolume', sandboxId);
    if (this.#containers.has(this.#key(sandboxId)))
      throw new SandboxdError('conflict', 'A container uses the volume.');
    this.#volumes.delete(this.#key(sandboxId));
  }

  #called(operation: keyof Engine, what = ''): void {
    this.calls.push(`${operation} ${what}`.trimEnd());
    if (!this.reachable) throw new SandboxdError('node_unavailable', 'The container engine does not answer.');
    const failure = this.failures.get(operation);
    if (failure === undefined) return;
    this.failures.delete(operation);
    throw failure;
  }

  #key(sandboxId: string): string {
    const id = parseId(sandboxId);
    if (id === undefined) throw invalid('sandbox id: is not a ULID.');
    return id;
  }

  #mustHave(image: string): void {
    if (this.#options.images?.includes(image) !== false) return;
    throw new SandboxdError('unavailable', 'The sandbox image is not on this node.');
  }

  #must(sandboxId: string): FakeContainer {
    const container = this.#containers.get(this.#key(sandboxId));
    if (container === undefined) throw notFound('container');
    return container;
  }

  #end(container: FakeContainer, exitCode: number, oomKilled = false): void {
    if (container.state === 'stopped') return;
    container.state = 'stopped';
    container.exitCode = exitCode;
    container.oomKilled = oomKilled;
    this.#emit({ type: 'die', sandboxId: container.spec.sandboxId, at: this.#tick(), exitCode });
  }

  #emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #tick(): number {
    this.#now += 1;
    return this.#now;
  }
}
