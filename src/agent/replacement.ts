import type { CaptureEnd, CaptureOrder } from '../domain/capture.ts';
import { asSandboxdError, isCode, SandboxdError } from '../domain/errors.ts';
import type { Replacement } from '../domain/sandbox.ts';
import { requireCapacity } from './capacity.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { AgentPorts } from './ports.ts';
import { isAtRest, type Operation, type Records, type SandboxRecord, type StartCause } from './records.ts';

type StartOperation = Extract<Operation, { kind: 'start' }>;

export interface ReplacementParts {
  readonly ports: Pick<AgentPorts, 'engine' | 'workspaces' | 'hostMemory' | 'log'>;
  readonly records: Records;
  readonly lifecycle: Lifecycle;
  readonly exclusively: <T>(id: string, task: () => Promise<T>) => Promise<T>;
  readonly safety: {
    /** Captures a sandbox at rest whose lock is held. */
    secure(order: CaptureOrder): Promise<CaptureEnd>;
    renounce(order: CaptureOrder, errorMessage: string): Promise<void>;
  };
  /** @throws task_in_progress while a task runs in it */
  readonly requireIdle: (sandboxId: string) => void;
}

/**
 * Starts sandboxes, also those that take another one's place: that one is stopped and captured first, stands still while
 * the new one comes up, and comes back as it was should that fail. Callers hold the lock of the new one; that of the other one
 * is taken inside of it, never the other way round.
 */
export class Replacements {
  readonly #parts: ReplacementParts;

  constructor(parts: ReplacementParts) {
    this.#parts = parts;
  }

  /** Like the lifecycle's. */
  async start(record: SandboxRecord, cause: StartCause, fulfils = record.applied): Promise<void> {
    const { lifecycle, exclusively } = this.#parts;
    const replaces = replacedBy(record);
    if (replaces === undefined) return void (await lifecycle.start(record, cause, fulfils));
    await exclusively(replaces.sandboxId, async () => {
      const begun = await this.#begin(record, replaces, { kind: 'start', cause, fulfils });
      await this.#carryOut(begun, replaces);
    });
  }

  /** Finishes a journalled start. @throws node_unavailable, with the journal as it was */
  async resume(record: SandboxRecord, cause: StartCause): Promise<void> {
    const replaces = replacedBy(record);
    if (replaces === undefined) return void (await this.#parts.lifecycle.resumeStart(record, cause));
    await this.#parts.exclusively(replaces.sandboxId, () => this.#carryOut(record, replaces));
  }

  async #begin(
    record: SandboxRecord,
    { sandboxId }: Replacement,
    step: Omit<StartOperation, 'id' | 'wasUp'>,
  ): Promise<SandboxRecord> {
    const { lifecycle, records, ports } = this.#parts;
    lifecycle.requireOpen();
    const before = startOf(record);
    // An attempt that an absent engine cut off knows how it was; by now the other one may have been stopped for it.
    if (before?.wasUp !== undefined) {
      return lifecycle.begin(record, { ...step, wasUp: before.wasUp, failure: before.failure });
    }
    const other = records.get(sandboxId);
    const wasUp = other !== undefined && !isAtRest(other) && other.operation?.kind !== 'stop';
    // The memory of one that is up becomes free.
    if (!wasUp) requireCapacity(await ports.hostMemory());
    return lifecycle.begin(record, { ...step, wasUp });
  }

  async #carryOut(record: SandboxRecord, replaces: Replacement): Promise<void> {
    const { lifecycle } = this.#parts;
    const { failure, cause = 'order' } = startOf(record) ?? {};
    if (failure !== undefined) {
      return this.#giveBack(record, replaces, new SandboxdError(failure.code, failure.message));
    }
    try {
      await this.#vacate(record.id, replaces);
      await lifecycle.bringUp(record);
    } catch (thrown) {
      const error = asSandboxdError(thrown);
      if (error.code === 'node_unavailable') throw error;
      return await this.#fail(record, replaces, error);
    } finally {
      lifecycle.say(record.id, undefined);
    }
    await lifecycle.finishStart(record, cause);
  }

  /** Stops the other one, and captures it. */
  async #vacate(id: string, { sandboxId, safety }: Replacement): Promise<void> {
    const { lifecycle, records, requireIdle } = this.#parts;
    const other = records.get(sandboxId);
    if (other === undefined || other.operation?.kind === 'delete') {
      return this.#parts.safety.renounce(safety, 'The sandbox was deleted before it could be captured.');
    }
    requireIdle(sandboxId);
    lifecycle.say(id, 'Saving the app as it is');
    if (!isAtRest(other)) await lifecycle.stop(other, 'restore');
    await this.#secure(other, safety);
    lifecycle.say(id, 'Laying out the snapshot');
  }

  async #secure(other: SandboxRecord, safety: CaptureOrder): Promise<void> {
    const { ports } = this.#parts;
    if (!(await hasWorkspace(ports, other.id))) {
      return this.#parts.safety.renounce(safety, 'The sandbox has no files yet.');
    }
    const end = await this.#parts.safety.secure(safety);
    if (end.status === 'ready') return;
    throw new SandboxdError(
      'unavailable',
      `The app could not be saved as it is, so that nothing was changed: ${end.errorMessage}`,
    );
  }

  async #fail(record: SandboxRecord, replaces: Replacement, error: SandboxdError): Promise<void> {
    const operation = startOf(record);
    if (operation === undefined) throw new Error('a start that was not journalled cannot fail');
    const failure = { code: error.code, message: error.message };
    // From here on the other one is nobody's but its own again, also after a crash.
    const failed = await this.#parts.records.save({ ...record, operation: { ...operation, failure } });
    await this.#giveBack(failed, replaces, error);
  }

  async #giveBack(record: SandboxRecord, { sandboxId }: Replacement, error: SandboxdError): Promise<void> {
    const { lifecycle, ports } = this.#parts;
    const { cause = 'order', wasUp = false } = startOf(record) ?? {};
    await lifecycle.detach(record.id);
    await ports.engine.remove(record.id);
    await ports.workspaces.remove(record.id);
    if (wasUp) await this.#bringBack(sandboxId);
    await lifecycle.failStart(record, cause, error);
  }

  async #bringBack(sandboxId: string): Promise<void> {
    const { lifecycle, records, ports } = this.#parts;
    const other = records.get(sandboxId);
    if (other === undefined || other.operation?.kind === 'delete') return;
    if (lifecycle.live.has(sandboxId) && other.operation === undefined) return;
    try {
      await lifecycle.start(other, 'order');
    } catch (error) {
      if (isCode(error, 'node_unavailable')) throw error;
      // It sleeps, whole, and wakes for the next visitor.
      ports.log.error('a sandbox could not be started again', error, { sandboxId });
    }
  }
}

/** What a sandbox takes the place of by being started: only one that was never up does. */
const replacedBy = ({ order, state }: SandboxRecord): Replacement | undefined =>
  state === 'new' || state === 'error' ? order.replaces : undefined;

const startOf = ({ operation }: SandboxRecord): StartOperation | undefined =>
  operation?.kind === 'start' ? operation : undefined;

async function hasWorkspace({ workspaces }: Pick<AgentPorts, 'workspaces'>, id: string): Promise<boolean> {
  try {
    await workspaces.find(id);
    return true;
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
    return false;
  }
}
