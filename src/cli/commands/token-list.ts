import type { ListedToken } from '../admin-client.ts';
import { columns } from '../columns.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const tokenList: Command = {
  name: 'token list',
  summary: 'List the API tokens of an owner',
  usage: '[--owner OWNER] [--json]',
  help: `
OWNER is the console's own when left out. Of a token only its beginning is known.
Tokens of SANDBOXD_API_TOKENS are not among them.`,
  options: { owner: { type: 'string' }, json: { type: 'boolean' } },
  async run({ admin, terminal }, { owner, json }) {
    await requireServer(admin);
    const tokens = await admin.tokens(typeof owner === 'string' ? owner : undefined);
    if (json === true) terminal.print(JSON.stringify({ tokens }));
    else terminal.print(tokens.length === 0 ? 'There are no tokens.' : columns(tokens.map(cellsOf)));
    return EXIT.ok;
  },
};

const cellsOf = ({ id, prefix, name, last_used_at, expires_at }: ListedToken): string[] => [
  id,
  `${prefix}…`,
  name,
  last_used_at === undefined ? 'never used' : `used ${last_used_at}`,
  expires_at === undefined ? '' : `expires ${expires_at}`,
];
