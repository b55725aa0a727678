import { BackupFile } from '../../src/backup/reader.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { restoringTo } from './backup-site.ts';

const [, , path = '', target = '', last = '0'] = process.argv;
let steps = 0;

/** Restores a backup, and kills itself without warning at a certain step. */
await using file = await BackupFile.open(path);
await restoreBackup(file, {
  ...restoringTo(target),
  onProgress: () => {
    steps += 1;
    if (steps === Number(last)) process.kill(process.pid, 'SIGKILL');
  },
});
