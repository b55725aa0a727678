import { resolve } from 'node:path';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { PASSPHRASE_HELP, PASSPHRASE_OPTIONS, passphraseFor, tellPassphrase } from '../passphrase.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Make an installation of a backup, where there is none yet',
  usage: 'FILE [--as-copy] [--no-keys] [--passphrase-file F] [--json]',
  help: `${PASSPHRASE_HELP}
  --no-keys            leave the keys in the backup alone and have new ones made
  --as-copy            give it an identity of its own in the engine, so that it can run on one machine
                       with the installation it was made of; everything else is as in the backup
  --json               print a summary for programs

The data directory must be empty or absent, and no server running on it. Everything in FILE is checked
before anything is made of it; the data directory appears as a whole, or not at all. Sandboxes are
asleep then, and each wakes on its next request. Start the server with "sandboxd up".
Exit code: 0 when it is restored, 1 otherwise.`,
  options: { ...PASSPHRASE_OPTIONS, 'as-copy': { type: 'boolean' }, json: { type: 'boolean' } },
  words: 1,
  async run(context, values, [name = '']) {
    // Knows the engine's client and the database's, which no other command should wait for.
    const { restoreFile } = await import('../restore-file.ts');
    const passphrase = () => passphraseFor(values, (file) => tellPassphrase(context, file));
    const asCopy = values['as-copy'] === true;
    const restored = await restoreFile(resolve(name), { passphrase, asCopy }, context);
    const { terminal, config } = context;
    terminal.print(values['json'] === true ? JSON.stringify(restored) : `Restored into ${config.dataDir}.`);
    return EXIT.ok;
  },
};
