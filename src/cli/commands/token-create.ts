import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'Make an API token',
  usage: 'NAME [--owner OWNER] [--json]',
  help: `
NAME says what the token is for; OWNER whose apps it reaches (the console's own when left out).
The token is printed once and cannot be shown again. Send it as "Authorization: Bearer TOKEN".`,
  options: { owner: { type: 'string' }, json: { type: 'boolean' } },
  words: 1,
  async run({ admin, terminal }, { owner, json }, [name = '']) {
    await requireServer(admin);
    const issued = await admin.createToken({ name, ...(typeof owner === 'string' && { owner }) });
    terminal.print(json === true ? JSON.stringify(issued) : issued.token);
    return EXIT.ok;
  },
};
