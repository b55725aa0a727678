import type {
  CommandOutcome,
  NodeClient,
  NodePolicy,
  SandboxObservation,
  SandboxOrder,
} from '../domain/node.ts';
import { notFound, SandboxdError } from '../domain/errors.ts';
import type { SandboxFiles } from '../domain/files.ts';
import { AGENT_IDS, type AgentId } from '../domain/coding-agent.ts';
import type { NodeTasks } from '../domain/task.ts';
import type { Traffic } from '../domain/routing.ts';
import type { SandboxRuntime } from '../domain/runtime.ts';
import type { ExecEvent, ExecRequest, RestartScope } from '../domain/runtimed.ts';
import type { SandboxConfig } from '../domain/sandbox-config.ts';
import type { WorkspaceArchive } from '../domain/workspace.ts';
import { Activity } from './activity.ts';
import { orderedAwake } from './awake.ts';
import { archiveForBackup } from './backup.ts';
import { ConfigDelivery } from './config/delivery.ts';
import type { ConfigKeeper } from './config/keeper.ts';
import { beingReplaced, unsettled } from './errors.ts';
import { Exports } from './exports.ts';
import { Graves } from './graves.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Lifecycle } from './lifecycle.ts';
import { countPreviews } from './preview-counts.ts';
import { observationOf } from './observation.ts';
import { Orders } from './orders.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';
import { isAtRest, isReplaced, type Records, type SandboxRecord, type StartCause } from './records.ts';
import { Replacements } from './replacement.ts';
import { sandboxFiles } from './sandbox-files.ts';
import { SandboxOutput } from './sandbox-output.ts';
import type { CaptureSandboxes } from './snapshots/context.ts';
import { SnapshotKeeper } from './snapshots/keeper.ts';
import type { CaptureRecord } from './snapshots/record.ts';
import type { TaskSandboxes } from './tasks/context.ts';
import { TaskKeeper } from './tasks/keeper.ts';
import type { TaskRecord } from './tasks/record.ts';
import { Wakes } from './wakes.ts';

export interface NodeAgentParts {
  readonly ports: AgentPorts;
  readonly records: Records;
  readonly tasks: Records<TaskRecord>;
  readonly captures: Records<CaptureRecord>;
  readonly configs: ConfigKeeper;
  readonly outbox: Outbox;
  /** Thresholds that are in force from now on. */
  readonly onPolicy: (policy: NodePolicy) => void;
  /** Called after anything that the API should hear of. */
  readonly changed: () => void;
}

/**
 * One node: carries out orders, wakes what visitors ask for, and says what is. The same interface as the API's client
 * of it, so that the channel in between adds nothing.
 */
export class NodeAgent implements NodeClient {
  readonly activity = new Activity();
  readonly lifecycle: Lifecycle;
  readonly #ports: AgentPorts;
  readonly #records: Records;
  readonly #outbox: Outbox;
  readonly #lock = new KeyedLock();
  readonly #wakes: Wakes;
  readonly #graves: Graves;
  readonly #replacements: Replacements;
  readonly #orders: Orders;
  readonly #exports: Exports;
  readonly #aside = new Set<Promise<unknown>>();
  readonly #configs: ConfigKeeper;
  readonly #delivery: ConfigDelivery;
  readonly #output: SandboxOutput;
  readonly #onPolicy: (policy: NodePolicy) => void;
  readonly #changed: () => void;
  readonly keeper: TaskKeeper;
  readonly snapshots: SnapshotKeeper;

  constructor({ ports, records, tasks, captures, configs, outbox, onPolicy, changed }: NodeAgentParts) {
    this.#ports = ports;
    this.#records = records;
    this.#outbox = outbox;
    this.#configs = configs;
    this.#onPolicy = onPolicy;
    this.#changed = changed;
    this.#graves = new Graves(ports.clock);
    this.#delivery = new ConfigDelivery(ports, configs);
    const delivery = this.#delivery;
    this.lifecycle = new Lifecycle({ ports, records, outbox, configs, delivery, changed });
    const sandboxes = this.#sandboxes();
    this.#output = new SandboxOutput({ ...sandboxes, configs });
    this.keeper = new TaskKeeper({ ports, records: tasks, outbox, sandboxes, configs, changed });
    this.snapshots = new SnapshotKeeper({ ports, records: captures, outbox, sandboxes, changed });
    this.#exports = new Exports({ ports, sandboxes });
    this.#wakes = new Wakes({
      ports,
      records,
      lifecycle: this.lifecycle,
      exclusively: (id, task) => this.exclusively(id, task),
      start: (record) => this.#start(record, 'wake'),
    });
    this.#replacements = new Replacements({
      ports,
      records,
      lifecycle: this.lifecycle,
      exclusively: (id, task) => this.exclusively(id, task),
      safety: this.snapshots,
      requireIdle: (id) => this.keeper.requireIdle(id),
    });
    this.#orders = new Orders({
      ports,
      records,
      graves: this.#graves,
      lifecycle: this.lifecycle,
      replacements: this.#replacements,
      activity: this.activity,
      configs,
      configure: (id, config) => this.configure(id, config),
    });
  }

  async agents(): Promise<readonly AgentId[]> {
    const { engine, defaults } = this.#ports;
    const offered = await engine.imageAgents(defaults.image);
    return AGENT_IDS.filter((id) => offered.has(id));
  }

  async ping(): Promise<void> {
    await this.#ports.engine.info();
  }

  async apply(order: SandboxOrder, config?: SandboxConfig): Promise<CommandOutcome> {
    await this.exclusively(order.id, () => this.#orders.carryOut(order, config));
    return { observations: await this.observe([order.id]), reports: this.#outbox.pending() };
  }

  async configure(id: string, config: SandboxConfig): Promise<void> {
    if (this.#records.get(id) === undefined) return;
    const isOther = await this.#configs.takeOver(id, config);
    // Deleted meanwhile, with what was kept for it until then.
    if (this.#records.get(id) === undefined) return this.#configs.forget(id);
    if (!isOther) return;
    const live = this.lifecycle.live.get(id);
    if (live !== undefined) await this.#delivery.offer(id, live);
  }

  /** Sandboxes of which this node has not heard since it was restored what their apps are configured with. */
  get untold(): string[] {
    return this.#configs.untold;
  }

  /** An answer to all that was observed has no configuration for these. */
  async settleUntold(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#configs.settle(id)));
  }

  async setPolicy(policy: NodePolicy): Promise<void> {
    this.#onPolicy(policy);
    // The answer to a sync that is under way may still say the thresholds of before: the next one comes at once.
    this.#changed();
  }

  /** Whether an order asks for anything that is not so. */
  isNews(order: SandboxOrder): boolean {
    return this.#orders.isNews(order);
  }

  async observe(ids: readonly string[]): Promise<readonly SandboxObservation[]> {
    return ids.flatMap((id) => this.#observe(id) ?? []);
  }

  /** Everything a sync should tell. */
  observeAll(): SandboxObservation[] {
    const ids = new Set([...this.#records.all().map((record) => record.id), ...this.#graves.unconfirmed()]);
    return [...ids].flatMap((id) => this.#observe(id) ?? []);
  }

  /** The API has heard of these deletions. */
  confirmDeleted(ids: Iterable<string>): void {
    this.#graves.confirm(ids);
  }

  async restartProcesses(id: string, scope: RestartScope): Promise<void> {
    using _ = this.activity.hold(id, 'its processes are restarted');
    const runtime = await this.#configured(id);
    await runtime?.restart(scope);
    await this.lifecycle.live.get(id)?.refresh();
  }

  tasks(id: string): NodeTasks {
    return this.keeper.of(id);
  }

  files(id: string): SandboxFiles {
    return sandboxFiles({
      inside: () => this.#running(id),
      onDisk: (task) =>
        this.exclusively(id, async () => {
          const record = this.#require(id);
          if (this.lifecycle.live.has(id)) return undefined;
          if (!isAtRest(record)) throw unsettled();
          // What is written now would go with it.
          if (isReplaced(this.#records, id)) throw beingReplaced();
          return { done: await task(this.#ports.workspaces.files(id)) };
        }),
    });
  }

  export(id: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return this.#exports.open(id, signal);
  }

  exec(id: string, request: ExecRequest, signal: AbortSignal): AsyncIterable<ExecEvent> {
    return this.#output.exec(id, request, signal);
  }

  tailLog(id: string, process: string, lines: number): Promise<string[]> {
    return this.#output.tailLog(id, process, lines);
  }

  followLog(id: string, process: string, lines: number, signal: AbortSignal): AsyncIterable<string> {
    return this.#output.followLog(id, process, lines, signal);
  }

  /** Brings a sleeping sandbox up for a visitor. Never throws. */
  wake(id: string): Promise<void> {
    return this.#wakes.forVisitor(id);
  }

  noteTraffic(traffic: readonly Traffic[]): void {
    for (const one of traffic) {
      this.activity.observe(one);
      countPreviews(this.#ports.metrics, one);
    }
  }

  /** Puts a sandbox to sleep if, with its lock held, `still` says so. */
  async sleep(
    id: string,
    reason: 'idle' | 'shutdown',
    still: (record: SandboxRecord) => boolean,
  ): Promise<void> {
    await this.exclusively(id, async () => {
      const record = this.#records.get(id);
      if (record?.state === 'running' && still(record)) await this.lifecycle.stop(record, reason);
    });
  }

  /** Puts every sandbox to sleep, for a shutdown of the whole node: nothing is started from here on. */
  async sleepAll(): Promise<void> {
    this.lifecycle.close();
    await Promise.all(this.#records.all().map(({ id }) => this.sleep(id, 'shutdown', () => true)));
  }

  /** Takes a sandbox off the node that nobody ordered. */
  putAway(id: string): Promise<void> {
    this.activity.forget(id);
    return this.exclusively(id, () => this.lifecycle.putAway(id));
  }

  /** Every sandbox that has a workspace, or is about to have one. */
  keeps(): { id: string; template: string }[] {
    return this.#records.all().map(({ id, order }) => ({ id, template: order.template }));
  }

  /**
   * Archives a workspace for a backup, with its sandbox's lock held for as long as it is read. One that runs stands still
   * for a moment.
   * @throws not_found when there is none, sandbox_unavailable while it is between running and stopped
   */
  archiveForBackup<T>(
    id: string,
    consume: (archive: WorkspaceArchive) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return archiveForBackup({ ports: this.#ports, sandboxes: this.#sandboxes() }, { id, consume, signal });
  }

  /** Brings a sandbox up if, with its lock held, `still` says so. */
  async rouse(id: string, still: (record: SandboxRecord) => boolean): Promise<void> {
    await this.exclusively(id, async () => {
      const record = this.#records.get(id);
      if (record !== undefined && still(record)) await this.#start(record, 'order');
    });
  }

  /** Finishes a start that a crash cut off. @throws node_unavailable, with the journal as it was */
  resumeStart(record: SandboxRecord, cause: StartCause): Promise<void> {
    return this.#replacements.resume(record, cause);
  }

  /** Lets work go on that nobody waits for. It must not reject. */
  putAside(work: Promise<unknown>): void {
    this.#aside.add(work);
    void work.then(() => this.#aside.delete(work));
  }

  /** Gives up all that is copied, for the next run of this node to do again. */
  async giveUp(): Promise<void> {
    this.lifecycle.giveUp();
    this.#exports.close();
    await this.snapshots.leave();
  }

  /** Lets go of everything, as it is. */
  async leave(): Promise<void> {
    await this.keeper.leave();
    await Promise.all(this.#aside);
    await this.lifecycle.leave();
  }

  /** One change at a time per sandbox. */
  exclusively<T>(id: string, task: () => Promise<T>): Promise<T> {
    return this.#lock.run(id, task);
  }

  #start(record: SandboxRecord, cause: StartCause, fulfils?: number): Promise<void> {
    return this.#replacements.start(record, cause, fulfils);
  }

  /** What tasks and captures see of this node's sandboxes. */
  #sandboxes(): TaskSandboxes & CaptureSandboxes {
    return {
      require: (id) => void this.#require(id),
      find: (id) => {
        const record = this.#records.get(id);
        return record?.operation?.kind === 'delete' ? undefined : record;
      },
      awake: (id) => this.#awake(id),
      running: (id) => this.#running(id),
      live: (id) => this.lifecycle.live.get(id),
      isAtRest: (id) => {
        const record = this.#records.get(id);
        return record === undefined || isAtRest(record);
      },
      hold: (id, reason) => this.activity.hold(id, reason),
      exclusively: (id, task) => this.exclusively(id, task),
      say: (id, what) => this.lifecycle.say(id, what),
    };
  }

  #observe(id: string): SandboxObservation | undefined {
    const record = this.#records.get(id);
    if (record !== undefined) {
      return observationOf(record, this.lifecycle.live.get(id), {
        awakeBecause: [...this.activity.reasons(id), ...orderedAwake(record.order, this.#ports.clock())],
        lastActiveAt: Math.max(record.lastActiveAt, this.activity.lastRequestAt(id)),
        note: this.lifecycle.noteOf(id),
        configRevision: this.#configs.revisionOf(id),
        mask: this.#configs.maskNow(id),
      });
    }
    const generation = this.#graves.generationOf(id);
    if (generation === undefined) return undefined;
    return { id, generation, state: 'absent', preview: { status: 'none' }, processes: [], awakeBecause: [] };
  }

  /** The runtime of a sandbox that is up, once it answers; undefined when it is not up. */
  async #running(id: string): Promise<SandboxRuntime | undefined> {
    this.#require(id);
    return this.lifecycle.live.get(id)?.reach();
  }

  /** The same, with the newest configuration for what it starts from now on. */
  async #configured(id: string): Promise<SandboxRuntime | undefined> {
    const runtime = await this.#running(id);
    const live = this.lifecycle.live.get(id);
    if (live !== undefined) await this.#delivery.deliver(id, live);
    return runtime;
  }

  async #awake(id: string): Promise<SandboxRuntime> {
    this.#require(id);
    if (isReplaced(this.#records, id)) throw beingReplaced();
    if (!this.lifecycle.live.has(id)) await this.#wakes.now(id);
    const runtime = await this.#configured(id);
    if (runtime === undefined) {
      throw new SandboxdError(
        'sandbox_unavailable',
        this.#records.get(id)?.errorMessage ?? 'The sandbox did not start.',
      );
    }
    return runtime;
  }

  #require(id: string): SandboxRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw notFound('sandbox');
    return record;
  }
}
