import type { CaptureEnd, CaptureOrder, CaptureProgress, SnapshotContent } from '../../domain/capture.ts';
import { asSandboxdError } from '../../domain/errors.ts';
import type { SnapshotManifest } from '../../domain/snapshot-store.ts';
import { insist } from '../insist.ts';
import { untilOver } from '../until-over.ts';
import { type ArchiveWork, archiveSandbox } from './archive.ts';
import type { CaptureSandboxes, SnapshotKeeperContext } from './context.ts';
import { unlessGivenUp } from './given-up.ts';
import { reportCapture } from './reports.ts';

export interface CaptureOptions {
  /** Gives it up, for another run to do again. */
  readonly closing: AbortSignal;
  /** How it gets the sandbox to itself; the sandbox's lock unless its owner holds that already. */
  readonly exclusively?: CaptureSandboxes['exclusively'];
  /** Waits for those of the same sandbox before it: what each of them sets aside is as large as the sandbox. */
  readonly inTurn?: (task: () => Promise<void>) => Promise<void>;
}

/** One snapshot on its way: its archive is made, unless it is kept already, and what came of it reported once. */
export class Capture {
  /** What it came to, once that is on its way to the API; undefined when it was given up. Never rejects. */
  readonly ended: Promise<CaptureEnd | undefined>;
  readonly order: CaptureOrder;
  readonly #context: SnapshotKeeperContext;
  readonly #options: CaptureOptions;
  #progress: CaptureProgress;

  constructor(context: SnapshotKeeperContext, order: CaptureOrder, options: CaptureOptions) {
    this.#context = context;
    this.order = order;
    this.#options = options;
    this.#progress = { id: order.id, step: 'Waiting', files: 0, bytes: 0 };
    this.ended = this.#run();
  }

  get progress(): CaptureProgress {
    return this.#progress;
  }

  async #run(): Promise<CaptureEnd | undefined> {
    const end = await this.#end();
    if (end === undefined) return undefined;
    let isReported = false;
    await insist(
      async () => {
        await reportCapture(this.#context, this.order, end);
        isReported = true;
      },
      (error) => this.#log('the end of a capture could not be reported yet', error),
      this.#options.closing,
    );
    return isReported ? end : undefined;
  }

  async #end(): Promise<CaptureEnd | undefined> {
    try {
      const manifest = await this.#archived();
      return { status: 'ready', content: await this.#contentOf(manifest) };
    } catch (thrown) {
      if (this.#options.closing.aborted) return undefined;
      this.#log('a snapshot could not be captured', thrown);
      return { status: 'failed', errorMessage: asSandboxdError(thrown).message };
    }
  }

  async #archived(): Promise<SnapshotManifest> {
    const { snapshots } = this.#context.ports;
    const find = () => unlessGivenUp(snapshots.find(this.order.id), this.#options.closing);
    const kept = await find();
    if (kept !== undefined) return kept;
    const { inTurn = (task) => task() } = this.#options;
    await inTurn(() => this.#archive());
    const made = await find();
    if (made === undefined) throw new Error('an archive that was kept cannot be found');
    return made;
  }

  async #archive(): Promise<void> {
    const { closing, exclusively } = this.#options;
    const { order } = this;
    const onProgress: ArchiveWork['onProgress'] = (step, progress = { files: 0, bytes: 0 }) => {
      this.#progress = { id: order.id, step, ...progress };
    };
    await untilOver(closing, (signal) =>
      archiveSandbox(this.#context, { order, signal, onProgress }, exclusively),
    );
  }

  async #contentOf(manifest: SnapshotManifest): Promise<SnapshotContent> {
    const { id, baseImage, sizeBytes, contentBytes, fileCount, sha256, warnings } = manifest;
    // One that was kept before the store was changed is where it was.
    const isShared = (await this.#context.ports.snapshots.own?.find(id)) === undefined;
    return { baseImage, sizeBytes, contentBytes, fileCount, sha256, warnings, isShared };
  }

  #log(message: string, error: unknown): void {
    const { id, sandboxId } = this.order;
    this.#context.ports.log.error(message, error, { snapshotId: id, sandboxId });
  }
}
