import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const login: Command = {
  name: 'login',
  summary: 'Print a link that signs you in to the console',
  usage: '[--recover]',
  help: `
  --recover  forget the console's password and end all its sessions first, for when the password is
             lost or known to somebody else; API tokens stay. Set a new password when you are in.

The link works once and for a few minutes. Whoever opens it first is signed in.`,
  options: { recover: { type: 'boolean' } },
  async run({ admin, terminal }, { recover }) {
    await requireServer(admin);
    terminal.print(await admin.loginLink({ recover: recover === true }));
    return EXIT.ok;
  },
};
