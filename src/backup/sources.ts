import type { Clock } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';
import type { WorkspaceArchive } from '../domain/workspace.ts';

/** The sandboxes of a node, as far as a backup takes them. */
export interface BackupNode {
  /** Those whose workspaces are to be kept. */
  keeps(): readonly { readonly id: string; readonly template: string }[];
  /**
   * Archives a workspace with its sandbox's lock held until `consume` has ended: of one that runs, while it stands still
   * for a moment; of one that is at rest, as it is.
   * @throws not_found when there is none, sandbox_unavailable while it is between running and stopped
   */
  archiveForBackup<T>(
    id: string,
    consume: (archive: WorkspaceArchive) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}

/** The database: a file of this installation, or one that somebody else serves and backs up. */
export type BackupDatabase =
  /** `copy` makes a whole database of it as it is at one moment, in a file that is not there yet. */
  { readonly kind: 'file'; readonly copy: (into: string) => Promise<void> } | { readonly kind: 'remote' };

/** Everything a backup is made from. */
export interface BackupSources {
  readonly dataDir: string;
  readonly nodeDirectory: string;
  readonly version: string;
  readonly instanceId: string;
  readonly nodeId: string;
  /** Whether the key of secrets is among the installation's own, or its operator's. */
  readonly secretsKey: 'kept' | 'configured';
  readonly database: BackupDatabase;
  readonly node: BackupNode;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  readonly log: Logger;
}
