import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const login: Command = {
  name: 'login',
  summary: 'Print a link that signs you in to the console',
  usage: '',
  help: 'The link works once and for a few minutes. Whoever opens it first is signed in.',
  options: {},
  async run({ admin, terminal }) {
    await requireServer(admin);
    terminal.print(await admin.loginLink());
    return EXIT.ok;
  },
};
