import type { RotationReport } from '../../domain/rotation.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const secretsRotate: Command = {
  name: 'secrets rotate',
  summary: 'Seal every stored secret with a new key',
  usage: '[--json]',
  help: `
  --json  print a summary for programs

Makes a new key in keys/secrets of the data directory, seals everything with it, and forgets the keys before.
Where SANDBOXD_SECRETS_KEY gives the key: set that to a new one and SANDBOXD_PREVIOUS_SECRETS_KEYS to the one
before, start the server anew, and run this. Ended at any point it loses nothing: run it again.
It waits for some seconds, so that what is being stored at this moment is not missed. A backup that was made
before holds the key of its time, and stays as good as it was. docs/secrets.md tells more.
Exit code: 0 when everything was sealed, 1 when something cannot be read with any key (it stays as it is), 3
when no server is running.`,
  options: { json: { type: 'boolean' } },
  async run({ admin, terminal, signal }, values) {
    await requireServer(admin);
    const report = await admin.rotateSecrets(signal);
    terminal.print(values['json'] === true ? JSON.stringify(report) : summaryOf(report));
    for (const { place, reason } of report.unreadable)
      terminal.note(`Not readable: ${place}. ${WHY[reason]}`);
    if (report.redundantKeys > 0)
      terminal.note(
        'Nothing needs SANDBOXD_PREVIOUS_SECRETS_KEYS any more: take it out of the configuration.',
      );
    return report.unreadable.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

const WHY: Readonly<Record<RotationReport['unreadable'][number]['reason'], string>> = {
  other_key: 'It was sealed with a key that is not here: bring that back, or set it anew.',
  altered: 'It was changed or moved since it was stored: set it anew.',
};

const summaryOf = ({ renewed, resealed, unreadable }: RotationReport): string =>
  [
    renewed ? 'A new key is in use.' : 'The key is the one of SANDBOXD_SECRETS_KEY.',
    `Sealed with it: ${count(resealed)}.`,
    ...(unreadable.length === 0 ? [] : [`Not readable: ${count(unreadable.length)}.`]),
  ].join(' ');

const count = (secrets: number): string => `${secrets} ${secrets === 1 ? 'secret' : 'secrets'}`;
