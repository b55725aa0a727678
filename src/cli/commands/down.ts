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
  help: 'Apps and their files stay. Returns when the server has ended; does nothing when none is running.',
  options: {},
  async run({ admin, terminal, signal }) {
    const server = await admin.status();
    if (server === undefined) {
      terminal.note('sandboxd is not running.');
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
