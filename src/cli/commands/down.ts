import { DockerEngine } from '../../adapters/docker/engine.ts';
import { readInstance } from '../../compose/instance.ts';
import type { Config } from '../../config.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { Command } from '../command.ts';
import { EXIT, Failure } from '../failure.ts';
import { findProcess } from '../../host/processes.ts';
import { waitFor } from '../../host/wait-for.ts';

/** Every sandbox gets its time to stop; what takes longer than this hangs. */
const DEADLINE_MS = 120_000;
const POLL_MS = 50;
/** As a server gives them. */
const GRACE_SECONDS = 8;

export const down: Command = {
  name: 'down',
  summary: 'Put all sandboxes to sleep and end the server',
  usage: '',
  help: 'Apps and their files stay. Returns when the server has ended. Where none is running, stops what one that was\nkilled has left in the engine.',
  options: {},
  async run({ admin, config, terminal, signal }) {
    const server = await admin.status();
    if (server === undefined) {
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

/** A server that was killed leaves its sandboxes and their network. @returns how many sandboxes were stopped */
async function clearLeftovers({ dataDir, dockerSocket }: Config): Promise<number> {
  const instance = await readInstance(dataDir);
  if (instance === undefined) return 0;
  const engine = new DockerEngine({ socketPath: dockerSocket, instance });
  try {
    const left = await engine.list();
    for (const { sandboxId } of left) {
      await engine.stop(sandboxId, GRACE_SECONDS);
      await engine.remove(sandboxId);
    }
    await engine.removeNetwork();
    return left.length;
  } catch (error) {
    // Without an engine nothing of it runs.
    if (error instanceof SandboxdError && error.code === 'node_unavailable') return 0;
    throw error;
  }
}
