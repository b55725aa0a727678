import type { BackupHeader, LeftOut } from '../backup/format.ts';
import type { BackupFile } from '../backup/reader.ts';

/** What a backup holds, for programs. */
export interface BackupSummary {
  readonly file: string;
  readonly sizeBytes: number;
  readonly workspaces: number;
  readonly snapshots: number;
  readonly database: 'included' | 'remote';
  readonly snapshotStore: 'included' | 'shared';
  readonly keys: BackupHeader['keys'];
  readonly secretsKey: BackupHeader['secretsKey'];
  readonly leftOut: readonly LeftOut[];
}

export function summarize(backup: BackupFile, file: string): BackupSummary {
  const { header } = backup;
  return {
    file,
    sizeBytes: backup.sizeBytes,
    workspaces: backup.workspaceIds.length,
    snapshots: backup.snapshotIds.length,
    database: header.database.kind === 'remote' ? 'remote' : 'included',
    snapshotStore: header.snapshots,
    keys: header.keys,
    secretsKey: header.secretsKey,
    leftOut: backup.leftOut,
  };
}

/** What people must know of it, in lines. */
export function remarksOn(summary: BackupSummary): string[] {
  return [
    `It holds ${summary.workspaces} workspaces and ${summary.snapshots} snapshots.`,
    ...(summary.database === 'remote' ? [REMOTE_DATABASE] : []),
    ...(summary.snapshotStore === 'shared' ? [SHARED_SNAPSHOTS] : []),
    ...(summary.keys === 'left-out' ? [NO_KEYS] : []),
    ...(summary.secretsKey === 'configured' ? [OWN_SECRETS_KEY] : []),
    ...summary.leftOut.map(({ what, id, reason }) => `NOT in it: ${what} ${id}. ${reason}`),
  ];
}

const REMOTE_DATABASE =
  'The database is a remote one and NOT in it: back that up where it is served, and before this.';
const SHARED_SNAPSHOTS = 'Snapshots in S3 stay there and are NOT in it; those on this disk are.';
const NO_KEYS =
  'The keys are NOT in it. What they sealed cannot be opened once it is restored: keys of model providers must be entered anew, links to private previews made anew, and tasks that were running are cut off from their provider.';
const OWN_SECRETS_KEY =
  'The key of secrets is SANDBOXD_SECRETS_KEY, which is yours to keep: without it, keys of model providers cannot be opened once this is restored.';
