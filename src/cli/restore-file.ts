import { join, relative } from 'node:path';
import { DockerEngine } from '../adapters/docker/engine.ts';
import { openFileStore, pathOfFile } from '../adapters/libsql/file.ts';
import { LocalSnapshots } from '../adapters/snapshots/local.ts';
import { DiskWorkspaces } from '../adapters/workspace/workspaces.ts';
import { MEMBERS } from '../backup/format.ts';
import { type KeyFiles, openKeys } from '../backup/keys.ts';
import { BackupFile } from '../backup/reader.ts';
import { type RestoreOptions, restoreBackup } from '../backup/restore.ts';
import { requireNothing } from '../backup/staging.ts';
import { AlreadyRunningError, claimDataDirectory } from '../compose/claim.ts';
import { newInstanceId } from '../compose/instance.ts';
import { isFileStore } from '../compose/store.ts';
import type { CommandContext } from './command.ts';
import { EXIT, Failure } from './failure.ts';

/** What was restored, for programs. */
export interface RestoredSummary {
  readonly dataDir: string;
  /** When the backup was made: milliseconds since the epoch. */
  readonly createdAt: number;
  readonly workspaces: number;
  readonly snapshots: number;
  readonly keys: 'restored' | 'new';
  /** Whether it may run beside the one it was made of. */
  readonly isCopy: boolean;
}

export interface RestoreChoices {
  /** Opens the keys; asked for once there are any, and undefined to have new ones made. */
  readonly passphrase: () => Promise<string | undefined>;
  /** To be another installation than the one that was backed up, as far as the engine is concerned. */
  readonly asCopy: boolean;
}

/** Makes this machine's installation of a backup. */
export async function restoreFile(
  path: string,
  { passphrase, asCopy }: RestoreChoices,
  context: CommandContext,
): Promise<RestoredSummary> {
  const { config, terminal } = context;
  await using _claim = await claim(config.dataDir);
  await requireNothing(config.dataDir);
  await using backup = await openBackup(path, context);
  const databasePath = requirePlace(backup, context);
  const keys = await unsealed(backup, passphrase);
  await layOut(backup, { keys, databasePath, instanceId: asCopy ? newInstanceId() : undefined }, context);
  for (const remark of remarksOn(backup, keys, asCopy)) terminal.note(remark);
  return {
    dataDir: config.dataDir,
    createdAt: backup.header.createdAt,
    workspaces: backup.workspaceIds.length,
    snapshots: backup.snapshotIds.length,
    keys: keys === undefined ? 'new' : 'restored',
    isCopy: asCopy,
  };
}

const remarksOn = (
  { header, leftOut }: BackupFile,
  keys: KeyFiles | undefined,
  asCopy: boolean,
): string[] => [
  ...(keys === undefined ? [NEW_KEYS] : []),
  ...(header.secretsKey === 'configured' ? [OWN_SECRETS_KEY] : []),
  ...(asCopy ? [SAME_WEBHOOKS] : []),
  ...(asCopy && header.database.kind === 'remote' ? [ONE_DATABASE] : []),
  ...(asCopy && header.snapshots === 'shared' ? [ONE_STORE] : []),
  ...leftOut.map(({ what, id, reason }) => `NOT in the backup: ${what} ${id}. ${reason}`),
];

const NEW_KEYS =
  'The keys are new: enter the keys of model providers anew, and make links to private previews anew.';
const OWN_SECRETS_KEY =
  'The key of secrets was SANDBOXD_SECRETS_KEY: set it to the same before you start the server.';
const SAME_WEBHOOKS =
  'The copy has the webhooks of the original: disable those whose receivers should not hear from both.';
const ONE_DATABASE =
  'Before you start the copy, set SANDBOXD_DATABASE_URL to a copy of the database: two installations cannot share one.';
const ONE_STORE =
  'The original and the copy have the same snapshots in S3: one that is deleted in either is gone for both.';

async function claim(dataDir: string): Promise<AsyncDisposable> {
  try {
    return await claimDataDirectory(dataDir);
  } catch (cause) {
    if (!(cause instanceof AlreadyRunningError)) throw cause;
    throw new Failure(
      `${dataDir} is in use by a server, or by another restore. End it ("sandboxd down"), or name another directory (SANDBOXD_DATA_DIR).`,
      EXIT.failed,
      { cause },
    );
  }
}

async function openBackup(path: string, { terminal }: CommandContext): Promise<BackupFile> {
  using progress = terminal.progress('Backup');
  const backup = await BackupFile.open(path, (fraction) => progress.update({ step: 'Checking', fraction }));
  progress.done(`whole, made ${new Date(backup.header.createdAt).toISOString()}`);
  return backup;
}

/**
 * Where the database goes, below the data directory.
 * @throws Failure when the configuration is for another kind of database, or has it elsewhere
 */
function requirePlace({ header }: BackupFile, { config }: CommandContext): string {
  const { url } = config.database;
  if (header.database.kind === 'remote') {
    if (!isFileStore(url)) return '';
    throw new Failure(
      'the database of this installation is a remote one, and not in the backup. Set SANDBOXD_DATABASE_URL to it.',
    );
  }
  const path = isFileStore(url) ? relative(config.dataDir, pathOfFile(url)) : '..';
  if (!path.startsWith('..')) return path;
  throw new Failure(
    'the backup has a database, which is restored into the data directory, and SANDBOXD_DATABASE_URL names another one. Unset it.',
  );
}

/** The keys, once the passphrase has opened them; undefined when there are none, or they are left alone. */
async function unsealed(
  backup: BackupFile,
  passphrase: () => Promise<string | undefined>,
): Promise<KeyFiles | undefined> {
  if (!backup.has(MEMBERS.keys)) return undefined;
  const given = await passphrase();
  return given === undefined
    ? undefined
    : openKeys((await backup.read(MEMBERS.keys)).toString('latin1'), given);
}

async function layOut(
  backup: BackupFile,
  choices: Pick<RestoreOptions, 'keys' | 'databasePath' | 'instanceId'>,
  { config, terminal, signal }: CommandContext,
): Promise<void> {
  using progress = terminal.progress('Restore');
  // Never asked for anything: a workspace is made from its content alone.
  const engine = new DockerEngine({ socketPath: config.dockerSocket, instance: backup.header.instanceId });
  await restoreBackup(backup, {
    ...choices,
    dataDir: config.dataDir,
    openDatabase: (path) => openFileStore(path),
    workspacesIn: (dataDirectory) => new DiskWorkspaces({ dataDirectory, engine }),
    snapshotsIn: (dataDirectory) => new LocalSnapshots(join(dataDirectory, 'snapshots')),
    onProgress: (state) => progress.update(state),
    onWarning: (warning) => terminal.note(warning),
    signal,
  });
  progress.done('done');
}
