import type { SandboxFiles } from './files.ts';

/** How a sandbox's home directory is put together on its node. All paths are absolute, of the host. */
export type HomeMount =
  /** Prepared dependencies below, the sandbox's own files above; `work` is the kernel's, beside `upper`. */
  | { readonly kind: 'overlay'; readonly lower: string; readonly upper: string; readonly work: string }
  /** One plain directory. */
  | { readonly kind: 'bind'; readonly path: string };

/** `overlay` shares prepared dependencies; `directory` copies them, where the file system cannot do the former. */
export type WorkspaceKind = 'overlay' | 'directory';

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
   * says now, so that a new image never changes the files under a living app.
   */
  prepare(sandboxId: string, source: WorkspaceSource): Promise<PreparedWorkspace>;
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
}
