import type { Readable } from 'node:stream';
import { collectKeys, type KeyFiles, sealKeys } from '../backup/keys.ts';
import { MemberWatch } from '../backup/member-watch.ts';
import { BackupFile } from '../backup/reader.ts';
import { SandboxdError } from '../domain/errors.ts';
import { type BackupSummary, summarize } from './backup-summary.ts';
import type { CommandContext } from './command.ts';
import { EXIT, Failure } from './failure.ts';
import { sizeText } from './size.ts';
import type { ProgressLine } from './terminal.ts';
import { writeWholeFile } from './whole-file.ts';

/**
 * Has the running server make a backup, and writes it.
 * @param passphrase for its keys, which are sealed here: it goes nowhere else. Undefined to leave them out
 */
export async function makeBackup(
  path: string,
  passphrase: string | undefined,
  { admin, config, terminal, signal }: CommandContext,
): Promise<BackupSummary> {
  const files = passphrase === undefined ? undefined : await collectKeys(config.dataDir);
  const keys = files && passphrase !== undefined ? await sealKeys(files, passphrase) : undefined;
  using progress = terminal.progress('Backup');
  const checking = (fraction: number) => progress.update({ step: 'Checking', fraction });
  const summary = await writeWholeFile(
    path,
    async () => received(await admin.backup(keys, signal), progress),
    async (temporary) => {
      if (files !== undefined) requireSameKeys(files, await collectKeys(config.dataDir));
      await using written = await BackupFile.open(temporary, checking);
      return summarize(written, path);
    },
  );
  progress.done(`written (${sizeText(summary.sizeBytes)})`);
  return summary;
}

/** What is in the backup may be sealed with a key that was made since, and is not in it. @throws Failure */
export function requireSameKeys(before: KeyFiles, after: KeyFiles): void {
  if (before['keys/secrets'] === after['keys/secrets']) return;
  throw new Failure('secrets were rotated while the backup was made. Make it again.', EXIT.failed);
}

/** The bytes as they come, and what they are about. */
async function* received(bytes: Readable, progress: ProgressLine): AsyncGenerator<Uint8Array> {
  let step = 'Beginning';
  let seen = 0;
  const watch = new MemberWatch((name) => {
    step = STEPS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? step;
  });
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      watch.hear(chunk);
      seen += chunk.byteLength;
      progress.update({ step, detail: sizeText(seen) });
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof SandboxdError || (cause as NodeJS.ErrnoException).code !== 'ECONNRESET') throw cause;
    throw new Failure('the server ended before the backup did. Its log says why.', EXIT.failed, { cause });
  }
}

const STEPS = [
  ['database', 'Database'],
  ['node', 'Records'],
  ['workspaces', 'Workspaces'],
  ['snapshots', 'Snapshots'],
] as const;
