import { resolve } from 'node:path';
import { remarksOn } from '../backup-summary.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { choosePassphrase, PASSPHRASE_HELP, PASSPHRASE_OPTIONS, passphraseFor } from '../passphrase.ts';
import { requireServer } from '../require-server.ts';
import { requireWritable } from '../whole-file.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Write everything this installation is into one file, as it runs',
  usage: 'FILE [--no-keys] [--passphrase-file F] [--json]',
  help: `${PASSPHRASE_HELP}
  --no-keys            leave the installation's keys out: whoever restores it enters the keys of
                       model providers anew, and links to private previews are made anew
  --json               print a summary for programs

Apps, sandboxes and their files, snapshots, history, tokens, keys. Sandboxes go on running; each stands
still for a moment. FILE appears when it is whole, and replaces one of that name. The keys in it
open only with the passphrase; the rest of it is not encrypted. docs/backup.md tells more.
Exit code: 0 when everything is in it, 1 when something is not or it could not be made, 3 when no server
is running: then a copy of the data directory is a backup.`,
  options: { ...PASSPHRASE_OPTIONS, json: { type: 'boolean' } },
  words: 1,
  async run(context, values, [name = '']) {
    // Knows cryptography, which no other command should wait for.
    const { makeBackup } = await import('../make-backup.ts');
    const { admin, config, terminal } = context;
    const file = resolve(name);
    await requireWritable(file);
    await requireServer(
      admin,
      `While it is down, a copy of ${config.dataDir} is a backup; "sandboxd up" starts it.`,
    );
    const passphrase = await passphraseFor(values, (from) => choosePassphrase(context, from));
    const summary = await makeBackup(file, passphrase, context);
    for (const remark of remarksOn(summary)) terminal.note(remark);
    terminal.print(values['json'] === true ? JSON.stringify(summary) : file);
    return summary.leftOut.length === 0 ? EXIT.ok : EXIT.failed;
  },
};
