import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'Make an API token',
  usage: 'NAME [--owner OWNER] [--days N] [--json]',
  help: `
NAME says what the token is for; OWNER whose apps it reaches (the console's own when left out).
With --days it is good for so many days, 1 to 3650; without, until it is revoked.
The token is printed once and cannot be shown again. Send it as "Authorization: Bearer TOKEN".`,
  options: { owner: { type: 'string' }, days: { type: 'string' }, json: { type: 'boolean' } },
  words: 1,
  async run({ admin, terminal }, { owner, days, json }, [name = '']) {
    await requireServer(admin);
    const issued = await admin.createToken({
      name,
      ...(typeof owner === 'string' && { owner }),
      ...(typeof days === 'string' && { expires_in_days: Number(days) }),
    });
    terminal.print(json === true ? JSON.stringify(issued) : issued.token);
    return EXIT.ok;
  },
};
