import type { CaptureEnd, CaptureOrder, CaptureProgress, NodeSnapshots } from '../../domain/capture.ts';
import { notFound, SandboxdError } from '../../domain/errors.ts';
import { orAborted } from '../../domain/pause.ts';
import { shuttingDown } from '../errors.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { Capture, type CaptureOptions } from './capture.ts';
import type { CaptureSandboxes, SnapshotKeeperContext } from './context.ts';
import { unlessGivenUp } from './given-up.ts';
import { capturedKey, reportCapture } from './reports.ts';

/** The snapshots of this node: each captured over restarts of the node until that has ended, and reported once. */
export class SnapshotKeeper implements NodeSnapshots {
  readonly #context: SnapshotKeeperContext;
  readonly #captures = new Map<string, Capture>();
  readonly #lock = new KeyedLock();
  /** Of sandboxes. */
  readonly #turns = new KeyedLock();
  readonly #closing = new AbortController();
  /** Removed as the API's last answers ordered, of which it has not heard. */
  readonly #discarded = new Set<string>();
  #discarding: Promise<void> | undefined;

  constructor(context: SnapshotKeeperContext) {
    this.#context = context;
  }

  /** Takes up what an earlier run of this node left. */
  async resume(): Promise<void> {
    const { records, outbox } = this.#context;
    for (const { id, order } of records.all()) {
      // The end of it was handed over, and the record outlived that by a crash.
      if (outbox.holds(capturedKey(id))) await records.remove(id);
      else this.#startInTurn(order);
    }
  }

  /** Gives up all captures, for the next run of this node to do again, and takes on no other. */
  async leave(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...[...this.#captures.values()].map((capture) => capture.ended), this.#discarding]);
  }

  async capture(order: CaptureOrder): Promise<void> {
    await this.#lock.run(order.id, async () => {
      if (this.#isKnown(order.id)) return;
      requireCapturable(order, this.#context.sandboxes);
      await this.#accept(order);
    });
  }

  /** Begins what the API orders and this node has not heard of. What cannot be done ends with a report. Never throws. */
  async begin(orders: readonly CaptureOrder[]): Promise<void> {
    for (const order of orders) {
      // Ordered again, of the next run.
      if (this.#closing.signal.aborted) return;
      try {
        await this.#lock.run(order.id, async () => {
          if (!this.#isKnown(order.id)) await this.#accept(order);
        });
      } catch (error) {
        this.#context.ports.log.error('a capture could not be begun', error, { snapshotId: order.id });
      }
    }
  }

  /**
   * Captures a sandbox whose lock the caller holds, and which is at rest. Part of the caller's own operation, which does
   * it again after a crash. What it came to is on its way to the API when this returns.
   * @throws node_unavailable when the node shuts down
   */
  async secure(order: CaptureOrder): Promise<CaptureEnd> {
    this.#requireOpen();
    // Out of turn: whose turn it is may be waiting for the lock.
    const end = await this.#start(order, { exclusively: (_, task) => task() }).ended;
    if (end === undefined) throw shuttingDown();
    return end;
  }

  /** Ends a capture of which nothing can be made. */
  async renounce(order: CaptureOrder, errorMessage: string): Promise<void> {
    await reportCapture(this.#context, order, { status: 'failed', errorMessage });
  }

  async settled(id: string, signal: AbortSignal): Promise<void> {
    const capture = this.#captures.get(id);
    if (capture !== undefined) await orAborted(capture.ended, signal);
  }

  async progress(ids: readonly string[]): Promise<readonly CaptureProgress[]> {
    return ids.flatMap((id) => this.#captures.get(id)?.progress ?? []);
  }

  async discard(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const capture = this.#captures.get(id);
      // Who heard of its end may delete it at once.
      if (capture !== undefined && !this.#context.outbox.holds(capturedKey(id))) throw underWay();
      await capture?.ended;
      await this.#context.ports.snapshots.remove(id);
    }
  }

  /** Archives that are gone as ordered: to be told with the next sync. */
  get discarded(): string[] {
    return [...this.#discarded];
  }

  /** The API has heard of these removals. */
  confirmDiscarded(ids: Iterable<string>): void {
    for (const id of ids) this.#discarded.delete(id);
  }

  /**
   * Begins to remove what the API orders: a store that does not answer must not silence the node. What cannot be removed now, or
   * comes while others are, is ordered again with the next sync.
   */
  discardOrdered(ids: readonly string[]): void {
    this.#discarding ??= this.#discardAll(ids).finally(() => (this.#discarding = undefined));
  }

  async #discardAll(ids: readonly string[]): Promise<void> {
    const { signal } = this.#closing;
    for (const id of ids.filter((id) => !this.#captures.has(id))) {
      if (signal.aborted) return;
      try {
        await unlessGivenUp(this.discard([id]), signal);
        this.#discarded.add(id);
      } catch (error) {
        this.#context.ports.log.error('an archive could not be removed', error, { snapshotId: id });
      }
    }
    if (this.#discarded.size > 0) this.#context.changed();
  }

  /** Under way, or ended not long ago. */
  #isKnown(id: string): boolean {
    return this.#captures.has(id) || this.#context.outbox.holds(capturedKey(id));
  }

  async #accept(order: CaptureOrder): Promise<void> {
    this.#requireOpen();
    await this.#context.records.save({ id: order.id, order });
    this.#startInTurn(order);
  }

  #startInTurn(order: CaptureOrder): void {
    this.#start(order, { inTurn: (task) => this.#turns.run(order.sandboxId, task) });
  }

  #start(order: CaptureOrder, how: Omit<CaptureOptions, 'closing'>): Capture {
    const capture = new Capture(this.#context, order, { closing: this.#closing.signal, ...how });
    this.#captures.set(order.id, capture);
    void capture.ended.then(() => this.#captures.delete(order.id));
    return capture;
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw shuttingDown();
  }
}

function requireCapturable({ sandboxId, live }: CaptureOrder, sandboxes: CaptureSandboxes): void {
  const record = sandboxes.find(sandboxId);
  if (record === undefined) throw notFound('sandbox');
  // One that is being stopped is at rest by its turn.
  if (live || record.operation?.kind === 'stop' || sandboxes.isAtRest(sandboxId)) return;
  throw new SandboxdError(
    'conflict',
    'The sandbox runs. Stop it, or set live to true to capture it while it stands still for a moment.',
  );
}

const underWay = () =>
  new SandboxdError('conflict', 'The snapshot is being captured. Delete it once that has ended.');
