import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const tokenRevoke: Command = {
  name: 'token revoke',
  summary: 'Make an API token worthless',
  usage: 'ID [--owner OWNER]',
  help: 'ID is what "sandboxd token list" shows; OWNER whose token it is (the console\'s own when left out).',
  options: { owner: { type: 'string' } },
  words: 1,
  async run({ admin, terminal }, { owner }, [id = '']) {
    await requireServer(admin);
    await admin.revokeToken(id, typeof owner === 'string' ? owner : undefined);
    terminal.note('Revoked.');
    return EXIT.ok;
  },
};
