import type { ContainerSpec, StartedContainer } from '../domain/engine.ts';
import { asSandboxdError, SandboxdError } from '../domain/errors.ts';
import type { StopReason } from '../domain/event.ts';
import { knowsManifest } from '../domain/runtimed.ts';
import type { ReadableConfig } from '../domain/sandbox-config.ts';
import { requireCapacity } from './capacity.ts';
import type { ConfigDelivery } from './config/delivery.ts';
import type { ConfigKeeper } from './config/keeper.ts';
import { beingReplaced, shuttingDown } from './errors.ts';
import { deletionReport, type LifecycleReport, startReport, stopReport } from './lifecycle-reports.ts';
import { LiveSandbox } from './live.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';
import { isReplaced, type Operation, type Records, type SandboxRecord, type StartCause } from './records.ts';
import { routeOf } from './routes-table.ts';
import { contentOf } from './snapshots/content.ts';
import { StartWaits } from './start-waits.ts';
import { StatusReports } from './status-reports.ts';

/** Seconds between SIGTERM and SIGKILL: runtimed gives its processes five, then ends itself. */
const STOP_GRACE_SECONDS = 8;

export interface LifecycleParts {
  readonly ports: AgentPorts;
  readonly records: Records;
  readonly outbox: Outbox;
  readonly configs: ConfigKeeper;
  readonly delivery: ConfigDelivery;
  /** Called after anything that the API should hear of. */
  readonly changed: () => void;
}

/**
 * The steps that change one sandbox. Every change is journalled in its record before its first side effect and may be
 * repeated from the start. Callers hold the sandbox's lock.
 */
export class Lifecycle {
  readonly live = new Map<string, LiveSandbox>();
  /** Starts that somebody waits for. */
  readonly waits: StartWaits;
  readonly #ports: AgentPorts;
  readonly #records: Records;
  readonly #outbox: Outbox;
  readonly #configs: ConfigKeeper;
  readonly #delivery: ConfigDelivery;
  readonly #changed: () => void;
  readonly #reports: StatusReports;
  /** What is being done to a sandbox, for people. */
  readonly #notes = new Map<string, string>();
  readonly #leaving = new AbortController();
  #isClosed = false;

  constructor({ ports, records, outbox, configs, delivery, changed }: LifecycleParts) {
    this.#ports = ports;
    this.#records = records;
    this.#outbox = outbox;
    this.#configs = configs;
    this.#delivery = delivery;
    this.#changed = changed;
    this.#reports = new StatusReports(ports, outbox, changed);
    this.waits = new StartWaits(ports);
  }

  /** From here on nothing is started any more: a visitor must not wake what a shutdown has just put to sleep. */
  close(): void {
    this.#isClosed = true;
  }

  /** Gives up the laying out of snapshots, which may take minutes, for the next run of this node to do again. */
  giveUp(): void {
    this.#leaving.abort(shuttingDown());
  }

  /** @throws node_unavailable once the node shuts down */
  requireOpen(): void {
    if (this.#isClosed) throw shuttingDown();
  }

  /** Tells people what is being done to a sandbox, or nothing any more. */
  say(id: string, what: string | undefined): void {
    if (what === undefined) this.#notes.delete(id);
    else this.#notes.set(id, what);
    this.publish(id);
    this.#changed();
  }

  noteOf(id: string): string | undefined {
    return this.#notes.get(id);
  }

  /**
   * Brings a sandbox up. A failure that trying again would not mend leaves it in `error`, which is not thrown.
   * @throws sandbox_capacity, conflict while another one takes its place, and node_unavailable once the node shuts down;
   *   nothing was done then
   */
  async start(record: SandboxRecord, cause: StartCause, fulfils = record.applied): Promise<SandboxRecord> {
    this.requireOpen();
    if (isReplaced(this.#records, record.id)) throw beingReplaced();
    requireCapacity(await this.#ports.hostMemory());
    const begun = await this.begin(record, { kind: 'start', cause, fulfils });
    return this.resumeStart(begun, cause);
  }

  /** Finishes a journalled start. @throws node_unavailable, with the journal as it was */
  async resumeStart(record: SandboxRecord, cause: StartCause): Promise<SandboxRecord> {
    try {
      await this.bringUp(record);
    } catch (thrown) {
      const error = asSandboxdError(thrown);
      if (error.code === 'node_unavailable') throw error;
      return this.failStart(record, cause, error);
    }
    return this.finishStart(record, cause);
  }

  /** The end of a journalled start that has come to its end. */
  async finishStart(record: SandboxRecord, cause: StartCause): Promise<SandboxRecord> {
    await this.#report(record.operation?.id ?? this.#ports.newId(), record.id, startReport(cause));
    return this.#finish(record, {
      state: 'running',
      errorMessage: undefined,
      lastActiveAt: this.#ports.clock(),
    });
  }

  async stop(record: SandboxRecord, reason: StopReason, fulfils = record.applied): Promise<SandboxRecord> {
    return this.resumeStop(await this.begin(record, { kind: 'stop', reason, fulfils }), reason);
  }

  async resumeStop(record: SandboxRecord, reason: StopReason): Promise<SandboxRecord> {
    const operation = record.operation?.id ?? this.#ports.newId();
    this.waits.fail(record.id);
    await this.detach(record.id);
    await this.#ports.engine.stop(record.id, STOP_GRACE_SECONDS);
    await this.#ports.engine.remove(record.id);
    await this.#report(operation, record.id, stopReport(reason));
    this.#configs.close(record.id);
    return this.#finish(record, { state: 'stopped', errorMessage: undefined });
  }

  /** Removes every trace of a sandbox. */
  async destroy(record: SandboxRecord): Promise<void> {
    if (record.operation?.kind !== 'delete') {
      await this.begin(record, { kind: 'delete', fulfils: record.order.generation });
    }
    await this.detach(record.id);
    await this.#ports.engine.kill(record.id);
    await this.#ports.engine.remove(record.id);
    await this.#ports.workspaces.remove(record.id);
    // A sandbox is deleted once, however often that has to be finished.
    await this.#report(record.id, record.id, deletionReport(record, this.#records));
    await this.#records.remove(record.id);
    // Last: what comes for it in between finds that it is gone.
    await this.#configs.forget(record.id);
    this.#forget(record.id);
    this.#changed();
  }

  /** Takes a sandbox off the node that nobody ordered; its workspace goes where it can be recovered by hand. */
  async putAway(id: string): Promise<void> {
    await this.detach(id);
    await this.#ports.engine.kill(id);
    await this.#ports.engine.remove(id);
    await this.#ports.workspaces.moveToTrash(id);
    if (this.#records.get(id) !== undefined) await this.#records.remove(id);
    await this.#configs.forget(id);
    this.#forget(id);
  }

  #forget(id: string): void {
    this.#notes.delete(id);
    this.#reports.forget(id);
    this.waits.fail(id);
    this.#ports.route({ type: 'remove', sandboxId: id });
  }

  /** Lets go of everything that runs, as it is. */
  async leave(): Promise<void> {
    await Promise.all([...this.live.values()].map((live) => live.detach()));
    await this.#reports.settled();
  }

  /** Follows a container that runs. */
  async attach(record: SandboxRecord, run: { address: string; startedAt: number }): Promise<void> {
    await this.detach(record.id);
    // What it says is masked from its first word.
    await this.#configs.mask(record.id);
    const { controlDirectory } = await this.#ports.workspaces.find(record.id);
    const live = new LiveSandbox({
      ...run,
      runtime: this.#ports.connect(controlDirectory),
      onStatus: (status) => {
        if (knowsManifest(status)) this.#notice(record.id, status.web_port);
        this.#reports.observe(record.id, live.startedAt, status);
        this.waits.observe(record.id, status);
        this.#delivery.notice(record.id, live);
        this.publish(record.id);
      },
    });
    this.live.set(record.id, live);
    this.publish(record.id);
  }

  /** Whether the run that is followed has ended. */
  async hasEnded(id: string): Promise<boolean> {
    const view = await this.#ports.engine.inspect(id);
    return (
      view.startedAt !== this.live.get(id)?.startedAt || (view.state !== 'running' && view.state !== 'paused')
    );
  }

  /** Lets go of a container, whatever becomes of it. */
  async detach(id: string): Promise<void> {
    const live = this.live.get(id);
    this.live.delete(id);
    this.publish(id);
    await live?.detach();
  }

  /**
   * Tells the proxy how a sandbox can be reached now.
   * @param failure why the last attempt to wake it came to nothing; forgotten with the next change
   */
  publish(id: string, failure?: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const route = routeOf(record, this.live.get(id), this.#notes.get(id));
    this.#ports.route({
      type: 'route',
      route: failure === undefined ? route : { ...route, state: 'failed', failure },
    });
  }

  /** The steps of a journalled start. @throws whatever keeps it from coming up */
  async bringUp(record: SandboxRecord): Promise<void> {
    const { engine, workspaces, defaults } = this.#ports;
    const { id, order } = record;
    const { fromSnapshotId } = order;
    const config = await this.#configs.readable(id);
    const workspace = await workspaces.prepare(
      id,
      { imageDigest: await engine.imageDigest(defaults.image), template: order.template },
      fromSnapshotId === undefined
        ? undefined
        : () => contentOf(this.#ports, fromSnapshotId, id, this.#leaving.signal),
    );
    const spec: ContainerSpec = {
      sandboxId: id,
      image: defaults.image,
      home: workspace.home,
      controlDirectory: workspace.controlDirectory,
      providerDirectory: workspace.providerDirectory,
      caFile: defaults.caFile,
      limits: defaults.limits,
      runtime: defaults.runtime,
      env: {
        ...defaults.env,
        SANDBOXD_SANDBOX_ID: id,
        SANDBOXD_TEMPLATE: order.template,
        SANDBOXD_PRESET: order.preset ?? '',
        SANDBOXD_CONFIG: isAwaited(config) ? 'awaited' : '',
      },
    };
    await this.attach(record, await this.#run(spec));
  }

  async #run(spec: ContainerSpec): Promise<StartedContainer> {
    const { engine } = this.#ports;
    await engine.create(spec);
    try {
      return await engine.start(spec.sandboxId);
    } catch (error) {
      // Its container or network was removed behind our back: made anew, once.
      if (!(error instanceof SandboxdError) || error.code !== 'not_found') throw error;
      await engine.create(spec);
      return engine.start(spec.sandboxId);
    }
  }

  /** The end of a journalled start that came to nothing. */
  async failStart(record: SandboxRecord, cause: StartCause, error: SandboxdError): Promise<SandboxRecord> {
    this.#ports.log.error('a sandbox could not be started', error.cause ?? error, { sandboxId: record.id });
    this.waits.fail(record.id);
    await this.detach(record.id);
    await this.#ports.engine.remove(record.id);
    await this.#report(record.operation?.id ?? record.id, record.id, {
      type: cause === 'create' ? 'sandbox.create.failed' : 'sandbox.start.failed',
      severity: 'error',
      message: `The sandbox could not be started: ${error.message}`,
      payload: { reason: error.code },
    });
    return this.#finish(record, { state: 'error', errorMessage: error.message });
  }

  /** Journals what is about to be done. */
  async begin(record: SandboxRecord, step: DistributiveOmit<Operation, 'id'>): Promise<SandboxRecord> {
    const begun = await this.#records.save({ ...record, operation: { ...step, id: this.#ports.newId() } });
    this.publish(record.id);
    return begun;
  }

  async #finish(record: SandboxRecord, result: Partial<SandboxRecord>): Promise<SandboxRecord> {
    const latest = this.#records.get(record.id) ?? record;
    const applied = Math.max(latest.applied, latest.operation?.fulfils ?? 0);
    const done = await this.#records.save({ ...latest, ...result, applied, operation: undefined });
    this.publish(record.id);
    this.#changed();
    return done;
  }

  async #report(
    operation: string,
    sandboxId: string,
    { type, message, severity = 'info', payload }: LifecycleReport,
  ) {
    const at = this.#ports.clock();
    await this.#outbox.add(`${operation}:${type}`, { at, sandboxId, type, severity, message, payload });
  }

  #notice(id: string, webPort: number | undefined): void {
    const record = this.#records.get(id);
    const seen = webPort ?? null;
    if (record !== undefined && record.webPort !== seen) this.#records.note({ ...record, webPort: seen });
  }
}

/** Programs wait for their values where there are any; agents' come with their tasks. */
const isAwaited = (config: ReadableConfig | undefined): boolean =>
  config !== undefined && Object.keys(config.runtime).length > 0;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
