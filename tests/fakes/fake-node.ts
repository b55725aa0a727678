import type { AgentId } from '../../src/domain/coding-agent.ts';
import { asSandboxdError, notFound, SandboxdError } from '../../src/domain/errors.ts';
import type { EventType } from '../../src/domain/event.ts';
import type { SandboxFiles } from '../../src/domain/files.ts';
import type { Clock } from '../../src/domain/ids.ts';
import type {
  CommandOutcome,
  NodeClient,
  NodeDirectory,
  NodePolicy,
  NodeReport,
  SandboxObservation,
  SandboxOrder,
  SyncAnswer,
  SyncRequest,
} from '../../src/domain/node.ts';
import type { Upstream } from '../../src/domain/provider.ts';
import { isNews, isReadable, revisionOf, type SandboxConfig } from '../../src/domain/sandbox-config.ts';
import { NO_USAGE, type NodeTasks, type TaskOutcome } from '../../src/domain/task.ts';
import { findPreset } from '../../src/domain/preset.ts';
import type { BootPhase, ExecEvent, ExecRequest, RestartScope } from '../../src/domain/runtimed.ts';
import { fakeFiles } from './fake-files.ts';
import { captureReport, FakeSnapshots } from './fake-snapshots.ts';
import { FakeTasks, SUCCEEDED } from './fake-tasks.ts';
import { zipped } from './zipped.ts';

/** Stands in for every node id. */
export const FAKE_NODE_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

type ExecProgram = (request: ExecRequest) => ExecEvent[];

interface FakeSandbox {
  order: SandboxOrder;
  observation: SandboxObservation;
  readonly home: ReadonlyMap<string, Uint8Array>;
  readonly files: SandboxFiles;
  readonly logs: Map<string, string[]>;
  readonly tasks: FakeTasks;
}

/**
 * A node in memory. It keeps the promises of {@link NodeClient}: an order is carried out once per generation, an old one
 * changes nothing, reports are numbered without gaps and repeated until they are acknowledged.
 *
 * What a start leads to, and whether the node answers at all, is for the test to say.
 */
export class FakeNode implements NodeClient {
  /** How far a start gets by itself. */
  bootsTo: BootPhase = 'ready';
  /** Whether commands and questions get through. */
  reachable = true;
  /** What carrying out an order waits for, when there is something. */
  hold: Promise<void> | undefined;
  /** What the next order that changes something fails with, once. One made from a snapshot ends in error with it. */
  failure: SandboxdError | undefined;
  /** What the image of its sandboxes carries. */
  installed: readonly AgentId[] = ['opencode', 'claude-code'];
  /** Every order received, in order. */
  readonly orders: SandboxOrder[] = [];
  /** Every configuration received, in order: beside an order, by itself, or in the answer to a sync. */
  readonly configs: { readonly sandboxId: string; readonly config: SandboxConfig }[] = [];
  /** Every policy received, in order. */
  readonly policies: NodePolicy[] = [];
  /** What was asked to be restarted, in order. */
  readonly restarts: RestartScope[] = [];
  /** How the agents of submitted tasks reach their providers, in order. */
  readonly upstreams: Upstream[] = [];
  program: ExecProgram = () => [{ type: 'exit', exit_code: 0, truncated: false, timed_out: false }];
  readonly snapshots = new FakeSnapshots({
    requireReachable: () => this.#requireReachable(),
    stateOf: (sandboxId) => this.#sandboxes.get(sandboxId)?.observation.state,
    report: (order, end) => this.#push(order.sandboxId, captureReport(order, end)),
    sync: () => this.sync(),
  });
  /** Lets the API hear what happened: for the world around to say. */
  sync: () => Promise<void> = async () => {};
  readonly #clock: Clock;
  readonly #sandboxes = new Map<string, FakeSandbox>();
  /** Ids of those that were deleted. */
  readonly #graves = new Set<string>();
  /** The newest configuration of each that has one. */
  readonly #configs = new Map<string, SandboxConfig>();
  #reports: NodeReport[] = [];
  #seq = 0;
  /** What the next sync confirms, of what the last answer ordered. */
  #gone: readonly SandboxObservation[] = [];
  #discarded: readonly string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async apply(order: SandboxOrder, config?: SandboxConfig): Promise<CommandOutcome> {
    this.#requireReachable();
    this.orders.push(order);
    if (this.hold !== undefined) await this.hold;
    this.#takeOver(order.id, config);
    const known = this.#sandboxes.get(order.id);
    // What comes late, for a sandbox that is deleted by now, makes no new one.
    const isLate = known === undefined && order.desired !== 'absent' && this.#graves.has(order.id);
    if (isLate) return { observations: [absent(order)], reports: [...this.#reports] };
    if (known === undefined || known.observation.generation < order.generation) this.#carryOut(order, known);
    else if (known.order.revision < order.revision) known.order = order;
    const observation = this.#observation(order.id) ?? absent(order);
    return { observations: [observation], reports: [...this.#reports] };
  }

  async configure(id: string, config: SandboxConfig): Promise<void> {
    this.#requireReachable();
    if (this.#sandboxes.has(id)) this.#takeOver(id, config);
  }

  async setPolicy(policy: NodePolicy): Promise<void> {
    this.#requireReachable();
    this.policies.push(policy);
  }

  /** What a sandbox's app is configured with, as far as this node was told. */
  configOf(id: string): SandboxConfig | undefined {
    return this.#configs.get(id);
  }

  async observe(ids: readonly string[]): Promise<readonly SandboxObservation[]> {
    this.#requireReachable();
    return ids.flatMap((id) => this.#observation(id) ?? []);
  }

  async ping(): Promise<void> {
    this.#requireReachable();
  }

  async agents(): Promise<readonly AgentId[]> {
    this.#requireReachable();
    return this.installed;
  }

  async restartProcesses(id: string, scope: RestartScope): Promise<void> {
    this.#requireReachable();
    const { order, observation } = this.#require(id);
    this.restarts.push(scope);
    if (observation.state === 'running') this.change(id, booted(order, 'starting'));
  }

  files(id: string): SandboxFiles {
    this.#requireReachable();
    return this.#require(id).files;
  }

  tasks(id: string): NodeTasks {
    this.#requireReachable();
    const { tasks } = this.#require(id);
    return {
      submit: async ({ upstream, ...assignment }) => {
        this.#requireReachable();
        await tasks.submit({ assignment, env: this.#agentEnv(id) });
        this.upstreams.push(upstream);
        this.report(
          id,
          'task.started',
          'A task was started.',
          { agent: assignment.agent },
          { taskId: assignment.id },
        );
      },
      events: (taskId, since, signal) => tasks.events(taskId, since, signal),
      log: (taskId) => tasks.log(taskId),
      diff: (taskId) => tasks.diff(taskId),
      cancel: (taskId) => tasks.end(taskId, { reason: 'cancelled' }),
      revert: (taskId, checkpointId) => tasks.revert(taskId, checkpointId),
    };
  }

  /** Lets a task come to its end, and reports that as a node does. */
  finishTask(id: string, taskId: string, outcome: Partial<TaskOutcome> = {}, usage = NO_USAGE): void {
    this.#require(id).tasks.finish(taskId, outcome);
    const ended = { outcome: { ...SUCCEEDED, ...outcome }, usage };
    const type = ended.outcome.status === 'succeeded' ? 'task.completed' : 'task.failed';
    this.report(id, type, 'A task ended.', {}, { taskId, ended });
  }

  /** What a test tells of the tasks of a sandbox. */
  tasksOf(id: string): FakeTasks {
    return this.#require(id).tasks;
  }

  async export(id: string): Promise<ReadableStream<Uint8Array>> {
    this.#requireReachable();
    return zipped(this.#require(id).home);
  }

  async *exec(id: string, request: ExecRequest, signal: AbortSignal): AsyncIterable<ExecEvent> {
    this.#requireReachable();
    if (this.#require(id).observation.state !== 'running') throw unavailable('The sandbox does not run.');
    for (const event of this.program(request)) {
      if (signal.aborted) return;
      yield event;
    }
  }

  async tailLog(id: string, process: string, lines: number): Promise<string[]> {
    this.#requireReachable();
    return this.#log(id, process).slice(-lines);
  }

  async *followLog(id: string, process: string, lines: number, signal: AbortSignal): AsyncIterable<string> {
    this.#requireReachable();
    for (const line of this.#log(id, process).slice(-lines)) {
      if (signal.aborted) return;
      yield line;
    }
  }

  /** Changes what the node sees of a sandbox, as time and visitors would. */
  change(id: string, seen: Partial<SandboxObservation>): void {
    const sandbox = this.#require(id);
    sandbox.observation = { ...sandbox.observation, ...seen };
  }

  /** Lets a running sandbox's boot get to a phase. */
  bootTo(id: string, phase: BootPhase): void {
    const { order } = this.#require(id);
    this.change(id, booted(order, phase));
  }

  /** Puts a line into a process's log. */
  logLine(id: string, process: string, line: string): void {
    const { logs } = this.#require(id);
    logs.set(process, [...(logs.get(process) ?? []), line]);
  }

  /** What the node would say in its next sync. */
  hears(): SyncRequest {
    return {
      observations: [
        ...[...this.#sandboxes.keys()].flatMap((id) => this.#observation(id) ?? []),
        ...this.#gone,
      ],
      reports: [...this.#reports],
      tasks: [...this.#sandboxes.values()].flatMap(({ tasks }) => tasks.activeId ?? []),
      discarded: [...this.#discarded],
    };
  }

  acknowledge(seq: number): void {
    this.#reports = this.#reports.filter((report) => report.seq > seq);
  }

  /** Does what the answer to a sync says. */
  async heed({ orders, captures, discards, configs, policy, acknowledged }: SyncAnswer): Promise<void> {
    this.acknowledge(acknowledged);
    this.policies.push(policy);
    const configOf = new Map(configs.map(({ sandboxId, config }) => [sandboxId, config]));
    const outcomes = await Promise.all(orders.map((order) => this.apply(order, configOf.get(order.id))));
    this.#gone = outcomes
      .flatMap(({ observations }) => observations)
      .filter(({ state }) => state === 'absent');
    await this.snapshots.begin(captures);
    await this.snapshots.discard(discards);
    this.#discarded = discards;
  }

  /** Records that something happened on the node itself. */
  report(
    sandboxId: string,
    type: EventType,
    message: string,
    payload?: NodeReport['payload'],
    about: Pick<NodeReport, 'taskId' | 'ended'> = {},
  ): void {
    this.#push(sandboxId, { type, severity: 'info', message, payload, ...about });
  }

  #takeOver(sandboxId: string, config: SandboxConfig | undefined): void {
    if (config === undefined) return;
    this.configs.push({ sandboxId, config });
    if (isNews(config, this.#configs.get(sandboxId))) this.#configs.set(sandboxId, config);
  }

  #observation(id: string): SandboxObservation | undefined {
    const observation = this.#sandboxes.get(id)?.observation;
    return observation && { ...observation, configRevision: revisionOf(this.#configs.get(id)) };
  }

  /** @throws unavailable when a value is not readable */
  #agentEnv(id: string): Readonly<Record<string, string>> {
    const config = this.#configs.get(id);
    if (config === undefined) return {};
    if (isReadable(config)) return config.agent;
    throw new SandboxdError('unavailable', `The configuration ${config.unreadable} cannot be read.`);
  }

  #push(sandboxId: string, report: Omit<NodeReport, 'seq' | 'at' | 'sandboxId'>): void {
    this.#seq += 1;
    this.#reports.push({ seq: this.#seq, at: this.#clock(), sandboxId, ...report });
  }

  #carryOut(order: SandboxOrder, known: FakeSandbox | undefined): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined && !endsInError(order, failure)) throw failure;
    if (order.desired === 'absent') {
      this.#graves.add(order.id);
      this.#configs.delete(order.id);
      if (known === undefined) return;
      this.#sandboxes.delete(order.id);
      this.report(order.id, 'sandbox.deleted', 'The sandbox and its workspace were deleted.');
      return;
    }
    const broken = failure ?? (known === undefined ? this.#standAside(order) : undefined);
    if (broken !== undefined) {
      this.#fail(order, broken);
      return;
    }
    const seen = order.desired === 'running' ? this.#started(order) : stopped(order);
    const { home, files, logs, tasks } = known ?? blank();
    const observation = { ...seen, id: order.id, generation: order.generation, awakeBecause: [] };
    this.#sandboxes.set(order.id, { order, observation, home, files, logs, tasks });
    if (order.desired === 'running') this.report(order.id, 'sandbox.started', 'The sandbox was started.');
    else if (known !== undefined) {
      this.report(order.id, 'sandbox.stopped', 'The sandbox was stopped.', { reason: 'user' });
    }
  }

  /** Stops and captures what a new sandbox replaces. Answers why that failed; the other one is as it was then. */
  #standAside({ replaces }: SandboxOrder): SandboxdError | undefined {
    if (replaces === undefined) return undefined;
    const other = this.#sandboxes.get(replaces.sandboxId);
    if (other === undefined) {
      const gone = { status: 'failed', errorMessage: 'The sandbox was deleted before.' } as const;
      this.#push(replaces.sandboxId, captureReport(replaces.safety, gone));
      return undefined;
    }
    const before = other.observation;
    this.change(replaces.sandboxId, stopped(other.order));
    try {
      this.snapshots.captureWithin(replaces.safety);
    } catch (error) {
      other.observation = before;
      return asSandboxdError(error);
    }
    if (before.state !== 'stopped')
      this.report(replaces.sandboxId, 'sandbox.stopped', 'The sandbox was stopped.', { reason: 'restore' });
    return undefined;
  }

  #fail(order: SandboxOrder, { message }: SandboxdError): void {
    const observation = {
      ...stopped(order),
      id: order.id,
      generation: order.generation,
      state: 'error' as const,
      errorMessage: message,
      awakeBecause: [],
    };
    this.#sandboxes.set(order.id, { order, observation, ...blank() });
    this.report(order.id, 'sandbox.create.failed', message);
  }

  #started(order: SandboxOrder) {
    return { state: 'running' as const, lastActiveAt: this.#clock(), ...booted(order, this.bootsTo) };
  }

  #log(id: string, process: string): string[] {
    const lines = this.#require(id).logs.get(process);
    if (lines === undefined) throw notFound('process');
    return lines;
  }

  #require(id: string): FakeSandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw notFound('sandbox');
    return sandbox;
  }

  #requireReachable(): void {
    if (!this.reachable) throw new SandboxdError('node_unavailable', 'The node does not answer.');
  }
}

function blank(): Omit<FakeSandbox, 'order' | 'observation'> {
  const home = new Map<string, Uint8Array>();
  return { home, files: fakeFiles(home), logs: new Map(), tasks: new FakeTasks() };
}

/** Every sandbox on one node, which is always chosen. */
export const fakeNodes = (node: NodeClient): NodeDirectory => ({
  client: () => node,
  all: async () => [FAKE_NODE_ID],
  place: async () => FAKE_NODE_ID,
});

/** A snapshot or a start that fails leaves its sandbox in error; a node that is away or full never began. */
const endsInError = (order: SandboxOrder, { code }: SandboxdError): boolean =>
  order.fromSnapshotId !== undefined && code !== 'sandbox_capacity' && code !== 'node_unavailable';

const unavailable = (message: string) => new SandboxdError('sandbox_unavailable', message);

const isWorker = (order: SandboxOrder): boolean =>
  order.preset !== undefined && !/^web:/m.test(findPreset(order.preset)?.manifest ?? 'web:');

function booted(order: SandboxOrder, phase: BootPhase) {
  const runs = phase === 'starting' || phase === 'ready';
  const kind = isWorker(order) ? ('worker' as const) : ('web' as const);
  const process = { name: kind, kind, running: runs, restarts: 0, abandoned: false };
  if (kind === 'worker')
    return { phase, preview: { status: 'none' as const }, processes: runs ? [process] : [] };
  const preview =
    phase === 'ready' ? { status: 'ready' as const, last_http_status: 200 } : { status: 'starting' as const };
  return { phase, preview, webPort: order.ports[0], processes: runs ? [process] : [] };
}

const stopped = (order: SandboxOrder) => ({
  state: 'stopped' as const,
  preview: { status: isWorker(order) ? ('none' as const) : ('down' as const) },
  processes: [],
});

const absent = ({ id, generation }: SandboxOrder): SandboxObservation => ({
  id,
  generation,
  state: 'absent',
  preview: { status: 'down' },
  processes: [],
  awakeBecause: [],
});
