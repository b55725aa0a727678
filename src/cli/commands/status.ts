import type { ServerStatus } from '../admin-client.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';

export const status: Command = {
  name: 'status',
  summary: 'Say whether sandboxd is running, and what it runs',
  usage: '[--json]',
  help: 'Exit code: 0 when it is running, 3 when it is not.',
  options: { json: { type: 'boolean' } },
  async run({ admin, terminal }, { json }) {
    const server = await admin.status();
    const asJson = { running: server !== undefined, ...server };
    terminal.print(json === true ? JSON.stringify(asJson) : describe(server));
    return server === undefined ? EXIT.notRunning : EXIT.ok;
  },
};

function describe(server: ServerStatus | undefined): string {
  if (server === undefined) return 'sandboxd is not running. Start it with "sandboxd up".';
  const counts = Object.entries(server.sandboxes).map(([state, count]) => `${count} ${state}`);
  return [
    `sandboxd ${server.version} is running (process ${server.pid})`,
    `Console    ${server.url}`,
    `Sandboxes  ${counts.length === 0 ? 'none' : counts.join(', ')}`,
  ].join('\n');
}
