import type { SandboxFiles } from './files.ts';
import type { TaskFile } from './task.ts';

/** How a sandbox's home directory is put together on its node. All paths are absolute, of the host. */
export type HomeMount =
  /** Prepared dependencies below, the sandbox's own files above; `work` is the kernel's, beside `upper`. */
  | { readonly kind: 'overlay'; readonly lower: string; readonly upper: string; readonly work: string }
  /** One plain directory. */
  | { readonly kind: 'bind'; readonly path: string };

/** `overlay` shares prepared dependencies; `directory` copies them, where the file system cannot do the former. */
export type WorkspaceKind = 'overlay' | 'directory';

/** The same of an installation, as far as that can be told. */
export type StorageMode = WorkspaceKind | 'unknown';

export interface PreparedWorkspace {
  readonly home: HomeMount;
  /** Writable by the sandbox: treat everything found in it as hostile. */
  readonly controlDirectory: string;
  /** The node's alone to write to; the sandbox may look into it, and connect to a socket there that lets everybody. */
  readonly providerDirectory: string;
}

/** What a fresh workspace is made from. */
export interface WorkspaceSource {
  /** Id of the image (`sha256:…`) whose prepared dependencies are used. */
  readonly imageDigest: string;
  /** A template's name; one without prepared dependencies in the image gets an empty home. */
  readonly template: string;
}

/** What of a workspace is archived. */
export type ArchiveScope =
  /** What a copy of the app needs: no generated directories, no record of tasks, no repository's credentials and hooks. */
  | 'snapshot'
  /** Everything but generated directories. */
  | 'backup';

export interface ArchiveOptions {
  readonly scope: ArchiveScope;
  /**
   * Runs its argument while the sandbox stands still. Without it the sandbox must be at rest already, until the bytes have
   * ended. With it everything is copied aside first, and again what has changed while it stands still, which is a fraction of a second.
   */
  readonly freeze?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called a few times a second. Must not throw. */
  readonly onProgress?: (progress: ArchiveProgress) => void;
  /** Gives it up; the bytes then end with its reason. */
  readonly signal?: AbortSignal;
}

/** How an app is exported: its sandbox may go on meanwhile, but for what `freeze` holds up. */
export type ExportOptions = Required<Pick<ArchiveOptions, 'freeze'>> & Pick<ArchiveOptions, 'signal'>;

/** So far. */
export interface ArchiveProgress {
  readonly files: number;
  /** Of file content, without holes. */
  readonly bytes: number;
}

export interface ArchiveFacts {
  /** Of the archive. */
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Of all files in it, without the holes of sparse ones: what unpacking it writes. */
  readonly contentBytes: number;
  readonly fileCount: number;
  readonly entryCount: number;
  /** What was left out or changed, for people, each kind once with its number. */
  readonly warnings: readonly string[];
  /** Id of the image the workspace was laid out with. */
  readonly baseImage: string;
}

/** A workspace on its way into one file: `tar`, compressed by `zstd`. */
export interface WorkspaceArchive {
  /** Once, in order. Ending the iteration early lets go of everything that was set aside. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** When the bytes have ended. */
  readonly facts: () => ArchiveFacts;
}

/** What a fresh workspace begins with. Nothing of it is trusted. */
export interface ArchivedContent {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What the bytes must be, and at most hold. */
  readonly expected: Pick<ArchiveFacts, 'sha256' | 'contentBytes' | 'entryCount'>;
  /** Told what was left out or changed, for people. */
  readonly onWarning: (warning: string) => void;
}

/**
 * The homes of this node's sandboxes: on disk from `prepare` until `remove` or `moveToTrash`, whatever becomes of the
 * container. A workspace that is listed is whole; a crash at any instruction leaves nothing that a later call or the
 * next `open` does not finish or clear away.
 *
 * Calls for one sandbox are serialised by the caller; concurrent preparations of one layer are joined. Failures:
 * `not_found` for a workspace that does not exist, `unavailable` when the disk is full, the engine's own errors while a
 * layer is extracted. Messages never carry a host path.
 */
export interface Workspaces {
  /** Makes the directories and clears away what a crash left. Once, before anything else. */
  open(): Promise<void>;
  /** How new workspaces are made here; found out once, with the given image. */
  kind(imageDigest: string): Promise<WorkspaceKind>;
  /**
   * Makes ready what `prepare` needs for this source, which takes seconds once per image, so that no sandbox waits. A
   * `prepare` meanwhile waits for the same. @throws the signal's reason when that aborts
   */
  warm(source: WorkspaceSource, signal?: AbortSignal): Promise<void>;
  /**
   * Makes the workspace, or finds it: an existing one keeps the layer and kind it was made with, whatever the source
   * says now, so that a new image never changes the files under a living app. Only when that image is no longer there,
   * and its layer neither, it goes on with the source's.
   * @param content opened only when the workspace must be made. Refused as a whole (`invalid_request`) when it holds what leads
   *   out of the home, is damaged, or holds more than it should; what can be made harmless is
   */
  prepare(
    sandboxId: string,
    source: WorkspaceSource,
    content?: () => Promise<ArchivedContent>,
  ): Promise<PreparedWorkspace>;
  /**
   * Archives a workspace. What cannot be archived, like devices and sockets, is left out, and the facts say so.
   * Resolves when the sandbox may go on.
   * @throws not_found; payload_too_large for more than can be kept; unavailable when the disk is full
   */
  archive(sandboxId: string, options: ArchiveOptions): Promise<WorkspaceArchive>;
  /**
   * The app directory as a zip archive, without what is generated or runtimed's own. Links that lead out of it are left out, and
   * what cannot be in such an archive. Resolves when all of it is copied aside; its bytes then are the caller's to end.
   * @throws like `archive`
   */
  export(sandboxId: string, options: ExportOptions): Promise<AsyncIterableIterator<Uint8Array, undefined>>;
  /** The existing one. @throws not_found */
  find(sandboxId: string): Promise<PreparedWorkspace>;
  /** Every trace of it. Absent is fine. Its container must be gone. */
  remove(sandboxId: string): Promise<void>;
  /** Out of the way, recoverable by hand. Absent is fine. Its container must be gone. */
  moveToTrash(sandboxId: string): Promise<void>;
  /** Removes for good what was trashed before `olderThan` (milliseconds since the epoch); answers how many. */
  emptyTrash(olderThan: number): Promise<number>;
  /** Ids of all workspaces. */
  list(): Promise<string[]>;
  /** Bytes on disk of the sandbox's own files; shared layers do not count. @throws not_found */
  usage(sandboxId: string): Promise<number>;
  /**
   * File operations while the sandbox is *stopped*: an upper must not change under a mounted overlay, and nothing of
   * the tenant's may run meanwhile. The caller sees to both.
   */
  files(sandboxId: string): SandboxFiles;
  /**
   * What runtimed wrote of a task, cut to its limit; undefined when there is no such plain file. For a sandbox that is
   * stopped, as above. @throws not_found
   */
  taskFile(sandboxId: string, taskId: string, file: TaskFile): Promise<Uint8Array | undefined>;
}
