import { AdoptedWorkspaces } from './backup-site.ts';
import { MemorySnapshots } from './memory-snapshots.ts';
import { openFileStore } from '../../src/adapters/libsql/file.ts';
import { BackupFile } from '../../src/backup/reader.ts';
import { restoreBackup } from '../../src/backup/restore.ts';

const [, , path = '', target = '', last = '0'] = process.argv;
let steps = 0;

/** Restores a backup, and kills itself without warning at a certain step. */
await using file = await BackupFile.open(path);
await restoreBackup(file, {
  dataDir: target,
  keys: undefined,
  instanceId: undefined,
  databasePath: 'sandboxd.db',
  openDatabase: (path) => openFileStore(path),
  workspacesIn: (dataDir) => new AdoptedWorkspaces(dataDir),
  snapshotsIn: () => new MemorySnapshots(),
  onWarning: () => {},
  signal: new AbortController().signal,
  onProgress: () => {
    steps += 1;
    if (steps === Number(last)) process.kill(process.pid, 'SIGKILL');
  },
});
