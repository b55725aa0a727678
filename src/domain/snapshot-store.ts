import type { SnapshotContent } from './capture.ts';

/** Beside each archive, so that it explains itself without a database. */
export interface SnapshotManifest extends Omit<SnapshotContent, 'isShared'> {
  readonly version: 1;
  readonly id: string;
  readonly preset?: string;
  readonly template: string;
  readonly parentSnapshotId?: string;
  /** Entries of the archive, directories and links included: unpacking one that has more is refused. */
  readonly entryCount: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** An archive with its manifest, as it is kept. */
export interface KeptSnapshot {
  readonly manifest: SnapshotManifest;
  /**
   * The bytes, in order, once. Nothing is held before the iteration begins, and ending it early lets go of everything.
   * @throws not_found when it was removed before that; unavailable when the store breaks off
   */
  readonly archive: AsyncIterable<Uint8Array>;
}

/**
 * Where archives are kept. An archive is there as a whole or not at all, whatever happens midway: one that can be found
 * was written to its end, with its manifest, and is on disk.
 *
 * Calls for one id are serialised by the caller; others may run at the same time. Failures: `invalid_request` for what is no id,
 * `unavailable` when the store does not answer, refuses, or is full: the message says which, and never carries a host path or a
 * key.
 */
export interface SnapshotStore {
  /** Several nodes see what is put here. */
  readonly isShared: boolean;
  /** The archives that this node alone has, on its disk: this store itself, a part of it, or none. */
  readonly own: SnapshotStore | undefined;
  /**
   * Makes ready what is needed on this node, once, before anything else. What a crash of *this* node left half-written is cleared
   * away now or by the next `put`. A store elsewhere is not asked: one that is away keeps nothing from starting.
   */
  open(): Promise<void>;
  /**
   * Keeps an archive. One that is kept under this id already stays as it is, and nothing is read.
   * @param describe called when the bytes have ended, for the manifest
   * @throws what reading the archive throws; nothing is kept then, and what was begun is let go
   */
  put(id: string, archive: AsyncIterable<Uint8Array>, describe: () => SnapshotManifest): Promise<void>;
  /** @throws not_found */
  get(id: string): Promise<KeptSnapshot>;
  /** Undefined when there is none, or when its manifest was damaged since: it is as good as lost, and `put` replaces it. */
  find(id: string): Promise<SnapshotManifest | undefined>;
  /** Absent is fine. On this node, one that is being read can be read to its end. */
  remove(id: string): Promise<void>;
  /** Ids of all archives that were kept and not removed. */
  list(): Promise<string[]>;
}
