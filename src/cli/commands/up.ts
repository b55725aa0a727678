import { join } from 'node:path';
import { hasStaging } from '../../backup/staging.ts';
import { isClaimed } from '../../compose/claim.ts';
import type { ServerStatus } from '../admin-client.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, type ExitCode, Failure } from '../failure.ts';
import { type ServerStart, startDetached, startInForeground } from '../server-process.ts';

export const up: Command = {
  name: 'up',
  summary: 'Prepare this machine and start everything',
  usage: '[--yes] [--detach]',
  help: `
  --yes     install Docker without asking, where it is missing
  --detach  leave the server running and return when it is ready

Checks the machine, installs and starts Docker where it is missing (Debian, Ubuntu), builds the base
image once, starts the server, and prints the console's URL with a link that signs you in.
Run again, it prints that of the running server.`,
  options: { yes: { type: 'boolean', short: 'y' }, detach: { type: 'boolean', short: 'd' } },
  async run(context, { yes, detach }) {
    const running = await context.admin.status();
    if (running !== undefined) {
      await welcome(running, context);
      return EXIT.ok;
    }
    await requireNoRestore(context.config.dataDir);
    // Loaded only here: a running server is reported without it at once.
    const { prepareMachine } = await import('../prepare/machine.ts');
    await prepareMachine(context, yes === true);
    return await (detach === true ? serveDetached(context) : serveInForeground(context));
  },
};

/** What is made in the data directory now would keep a restore from putting its own in place. */
async function requireNoRestore(dataDir: string): Promise<void> {
  if (!hasStaging(dataDir) || !(await isClaimed(dataDir))) return;
  throw new Failure(`a backup is being restored into ${dataDir}. Wait until that has ended.`);
}

async function serveDetached(context: CommandContext): Promise<ExitCode> {
  await welcome(await startDetached(serverStart(context)), context);
  return EXIT.ok;
}

async function serveInForeground(context: CommandContext): Promise<ExitCode> {
  return await startInForeground(serverStart(context), (status) => welcome(status, context));
}

const serverStart = ({ admin, config, env, signal }: CommandContext): ServerStart => ({
  admin,
  env,
  signal,
  dataDir: config.dataDir,
  logFile: join(config.dataDir, 'log', 'sandboxd.log'),
});

async function welcome({ version, url }: ServerStatus, { admin, terminal }: CommandContext): Promise<void> {
  terminal.print(
    [`sandboxd ${version} is running.`, `Console  ${url}`, `Sign in  ${await admin.loginLink()}`].join('\n'),
  );
}
