import type { ArchiveFacts, ArchiveProgress } from '../domain/workspace.ts';
import type { TreeScope } from './scope.ts';
import type { ThreadFailure } from './thread-failure.ts';

/** What is archived, and how. */
export interface ArchiveInput {
  /** The tree, or the layers of an overlay, the uppermost first. */
  readonly roots: readonly string[];
  /** One that is exported becomes a zip archive, every other a tar archive. */
  readonly scope: TreeScope;
  /** For a tree that is in use. */
  readonly staging?: Staging;
}

export interface Staging {
  /** Empty, on the tree's file system, out of everybody else's reach. */
  readonly directory: string;
  /** When everything on the tree's file system began to be written to disk, in milliseconds since the epoch. */
  readonly syncedAt: number;
}

/** What there is to tell of a tree before it is compressed. */
export type TreeFacts = Pick<ArchiveFacts, 'contentBytes' | 'fileCount' | 'entryCount' | 'warnings'>;

/** What the worker says. */
export type Notice =
  | ({ readonly type: 'progress' } & ArchiveProgress)
  /** Everything was copied aside once: the tree may stand still now. */
  | { readonly type: 'copied' }
  /** And once more what had changed: the tree may move again. */
  | { readonly type: 'settled' }
  | { readonly type: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end'; readonly facts: TreeFacts }
  | ThreadFailure;

/** What it is told. */
export type Order =
  /** The tree stands still. */
  | { readonly type: 'still' }
  /** A chunk was taken, and its memory can be used again. */
  | { readonly type: 'taken'; readonly memory: ArrayBuffer };

/** Chunks on their way at most: whoever reads slowly holds up the worker, not the memory. */
export const CHUNKS_AHEAD = 4;
