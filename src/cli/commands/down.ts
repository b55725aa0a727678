import { isClaimed } from '../../compose/claim.ts';
import type { AdminClient, ServerStatus } from '../admin-client.ts';
import type { Command } from '../command.ts';
import { EXIT, Failure } from '../failure.ts';
import { findProcess } from '../../host/processes.ts';
import { waitFor } from '../../host/wait-for.ts';

/** Every sandbox gets its time to stop; what takes longer than this hangs. */
const DEADLINE_MS = 120_000;
const POLL_MS = 50;

export const down: Command = {
  name: 'down',
  summary: 'Put all sandboxes to sleep and end the server',
  usage: '',
  help: 'Apps and their files stay. Returns when the server has ended. Where none is running, stops what one that was\nkilled has left in the engine.',
  options: {},
  async run({ admin, config, terminal, signal }) {
    const server = await settle(admin, config.dataDir, signal);
    if (server === 'none') {
      // Knows the engine's client, which no other command should wait for.
      const { clearLeftovers } = await import('../leftovers.ts');
      const left = await clearLeftovers(config);
      terminal.note(
        `sandboxd is not running.${left > 0 ? ` ${left} sandboxes it had left running were stopped.` : ''}`,
      );
      return EXIT.ok;
    }
    await admin.down();
    const gone = async () => ((await findProcess(server.pid)) === undefined ? true : undefined);
    if (!(await waitFor(gone, { deadlineMs: DEADLINE_MS, pollMs: POLL_MS, signal }))) {
      throw new Failure(
        `the server (process ${server.pid}) has not ended for two minutes. Its log says why; "kill ${server.pid}" ends it.`,
      );
    }
    terminal.note('sandboxd has stopped.');
    return EXIT.ok;
  },
};

/** A server that is only starting is waited for, so that it ends in order like any other. */
async function settle(
  admin: AdminClient,
  dataDir: string,
  signal: AbortSignal,
): Promise<ServerStatus | 'none'> {
  const ask = async () =>
    (await admin.status()) ?? ((await isClaimed(dataDir)) ? undefined : ('none' as const));
  const server = await waitFor(ask, { deadlineMs: DEADLINE_MS, pollMs: POLL_MS, signal });
  if (server !== undefined) return server;
  throw new Failure(
    'a server holds the data directory but has not answered for two minutes. Its log says why.',
  );
}
