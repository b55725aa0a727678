/** What a capture came to. */
export interface SnapshotContent {
  /** Id (`sha256:…`) of the image its workspace was laid out with. */
  readonly baseImage: string;
  /** Bytes of the archive. */
  readonly sizeBytes: number;
  /** Bytes of all files in it, without the holes of sparse ones. */
  readonly contentBytes: number;
  readonly fileCount: number;
  /** Of the archive, in lower-case hexadecimal. */
  readonly sha256: string;
  /** What was left out or changed, for people: "2 devices were left out". */
  readonly warnings: readonly string[];
  /** Every node can reach the archive, not only the one that made it. */
  readonly isShared: boolean;
}

/** What a node is told to capture. Idempotent by its id. */
export interface CaptureOrder {
  /** The snapshot's. */
  readonly id: string;
  readonly sandboxId: string;
  /** Of a sandbox that runs, which stands still meanwhile for as short as possible. */
  readonly live: boolean;
  readonly parentSnapshotId?: string;
}

export type CaptureEnd =
  | { readonly status: 'ready'; readonly content: SnapshotContent }
  | { readonly status: 'failed'; readonly errorMessage: string };

/** How far a capture has come. */
export interface CaptureProgress {
  readonly id: string;
  /** For people: "Copying files". */
  readonly step: string;
  readonly files: number;
  /** Of file content. */
  readonly bytes: number;
}

/** The snapshots of one node, as the API sees them. */
export interface NodeSnapshots {
  /**
   * Begins a capture, unless it is under way or was done. Returns once it is sure to be carried out, whatever happens.
   * How it ends is told by a report.
   * @throws not_found for a sandbox this node does not have, conflict when it runs and `live` is not set
   */
  capture(order: CaptureOrder): Promise<void>;
  /** Returns when a capture has ended, or is not known. Aborting the signal only ends the waiting. */
  settled(id: string, signal: AbortSignal): Promise<void>;
  /** Of those that are under way, from memory. */
  progress(ids: readonly string[]): Promise<readonly CaptureProgress[]>;
  /** Removes archives. Absent is fine. */
  discard(ids: readonly string[]): Promise<void>;
}
