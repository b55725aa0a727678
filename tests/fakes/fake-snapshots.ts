import type {
  CaptureEnd,
  CaptureOrder,
  CaptureProgress,
  NodeSnapshots,
  SnapshotContent,
} from '../../src/domain/capture.ts';
import { asSandboxdError, notFound, SandboxdError } from '../../src/domain/errors.ts';
import type { NodeReport, SandboxObservation } from '../../src/domain/node.ts';

/** What a small workspace comes to. */
export const CONTENT: SnapshotContent = {
  baseImage: `sha256:${'a'.repeat(64)}`,
  sizeBytes: 4096,
  contentBytes: 9000,
  fileCount: 12,
  sha256: 'b'.repeat(64),
  warnings: [],
  isShared: false,
};

export const READY: CaptureEnd = { status: 'ready', content: CONTENT };

/** What the node around it does for it. */
interface Surroundings {
  requireReachable(): void;
  /** Undefined for a sandbox that is not there. */
  stateOf(sandboxId: string): SandboxObservation['state'] | undefined;
  report(order: CaptureOrder, end: CaptureEnd): void;
  /** Lets the API hear of it at once, as a node does. */
  sync(): Promise<void>;
}

/** The snapshots of a node in memory. Which captures end, and how, is for the test to say. */
export class FakeSnapshots implements NodeSnapshots {
  /** Whether captures end by themselves, at once. */
  isInstant = true;
  /** How those end. */
  end: CaptureEnd = READY;
  /** What the next capture is refused with, once. */
  failure: SandboxdError | undefined;
  /** Every order received, in order. */
  readonly orders: CaptureOrder[] = [];
  /** Archives that are kept, by their snapshots' ids. */
  readonly kept = new Set<string>();
  /** How far captures under way have come. */
  readonly steps = new Map<string, CaptureProgress>();
  readonly #node: Surroundings;
  readonly #underWay = new Map<string, { order: CaptureOrder; ended: PromiseWithResolvers<void> }>();

  constructor(node: Surroundings) {
    this.#node = node;
  }

  async capture(order: CaptureOrder): Promise<void> {
    this.#node.requireReachable();
    this.orders.push(order);
    if (this.kept.has(order.id) || this.#underWay.has(order.id)) return;
    this.#requirePossible(order);
    this.#underWay.set(order.id, { order, ended: Promise.withResolvers<void>() });
    if (this.isInstant) this.finish(order.id, this.end);
  }

  /** What a sync orders and cannot be done ends with a report. */
  async begin(orders: readonly CaptureOrder[]): Promise<void> {
    for (const order of orders) {
      try {
        await this.capture(order);
      } catch (error) {
        this.#node.report(order, { status: 'failed', errorMessage: asSandboxdError(error).message });
      }
    }
  }

  /** Lets a capture come to its end, and reports that as a node does. */
  finish(id: string, end: CaptureEnd = READY): void {
    const capture = this.#underWay.get(id);
    if (capture === undefined) throw new Error(`There is no capture ${id} under way.`);
    this.#underWay.delete(id);
    this.steps.delete(id);
    if (end.status === 'ready') this.kept.add(id);
    this.#node.report(capture.order, end);
    capture.ended.resolve();
  }

  /** Captures what belongs to the order of a sandbox. @throws what it failed with */
  captureWithin(order: CaptureOrder): void {
    this.orders.push(order);
    if (this.kept.has(order.id)) return;
    if (this.end.status === 'ready') this.kept.add(order.id);
    this.#node.report(order, this.end);
    if (this.end.status === 'failed') throw new SandboxdError('sandbox_unavailable', this.end.errorMessage);
  }

  async settled(id: string, signal: AbortSignal): Promise<void> {
    this.#node.requireReachable();
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    await Promise.race([this.#underWay.get(id)?.ended.promise, aborted.promise]);
    if (!signal.aborted) await this.#node.sync();
  }

  async progress(ids: readonly string[]): Promise<readonly CaptureProgress[]> {
    this.#node.requireReachable();
    return ids.flatMap((id) => this.steps.get(id) ?? []);
  }

  async discard(ids: readonly string[]): Promise<void> {
    this.#node.requireReachable();
    for (const id of ids) this.kept.delete(id);
  }

  #requirePossible(order: CaptureOrder): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const state = this.#node.stateOf(order.sandboxId);
    if (state === undefined) throw notFound('sandbox');
    const runs = state === 'running' || state === 'paused';
    if (runs && !order.live) throw new SandboxdError('conflict', 'The sandbox runs, and live is not set.');
  }
}

/** What a node tells of a capture that has ended. */
export const captureReport = (
  order: CaptureOrder,
  end: CaptureEnd,
): Pick<NodeReport, 'type' | 'severity' | 'message' | 'payload' | 'snapshotId' | 'captured'> => ({
  ...(end.status === 'ready'
    ? {
        type: 'snapshot.captured',
        severity: 'info',
        message: 'The snapshot is ready.',
        payload: { file_count: end.content.fileCount, size_bytes: end.content.sizeBytes },
      }
    : { type: 'snapshot.capture.failed', severity: 'error', message: end.errorMessage }),
  snapshotId: order.id,
  captured: end,
});
