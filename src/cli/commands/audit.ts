import type { AuditLine } from '../admin-client.ts';
import { columns } from '../columns.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'Show who asked for what',
  usage: '[--owner OWNER] [--limit N] [--json]',
  help: `
  --owner OWNER  the requests of this owner alone; those of everybody when left out
  --limit N      how many, 1 to 200 (50 when left out)
  --json         print them for programs

Every request that could change something, newest first: when, who, what, and how it was answered.
Keys are named, values never.`,
  options: { owner: { type: 'string' }, limit: { type: 'string' }, json: { type: 'boolean' } },
  async run({ admin, terminal }, { owner, limit, json }) {
    await requireServer(admin);
    const entries = await admin.audit({
      owner: typeof owner === 'string' ? owner : undefined,
      limit: typeof limit === 'string' ? limit : undefined,
    });
    if (json === true) terminal.print(JSON.stringify({ entries }));
    else terminal.print(entries.length === 0 ? 'Nothing was asked for yet.' : columns(entries.map(cellsOf)));
    return EXIT.ok;
  },
};

const cellsOf = ({ created_at, owner, actor, address, action, target, status }: AuditLine): string[] => [
  created_at,
  owner ?? '-',
  actor.name === undefined ? actor.kind : `${actor.kind} "${actor.name}"`,
  address ?? '-',
  String(status),
  action,
  Object.entries(target)
    .map(([name, value]) => `${name}=${value}`)
    .join(' '),
];
