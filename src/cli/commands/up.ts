import { join } from 'node:path';
import type { ServerStatus } from '../admin-client.ts';
import type { Command, CommandContext } from '../command.ts';
import { describeFinding, examineMachine } from '../doctor/examine.ts';
import { gatherFacts } from '../doctor/gather.ts';
import { EXIT, type ExitCode, Failure } from '../failure.ts';
import { prepareDocker } from '../prepare/docker.ts';
import { prepareImage } from '../prepare/image.ts';
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
    await prepare(context, yes === true);
    return await (detach === true ? serveDetached(context) : serveInForeground(context));
  },
};

async function prepare({ config, terminal, signal }: CommandContext, yes: boolean): Promise<void> {
  const findings = examineMachine(await gatherFacts(config, false)).filter(({ level }) => level !== 'ok');
  for (const finding of findings) terminal.note(describeFinding(finding));
  if (findings.some(({ level }) => level === 'fail')) {
    throw new Failure('this machine cannot run it yet. Do what the lines above say and try again.');
  }
  const logFile = join(config.dataDir, 'log', 'dockerd.log');
  const { docker } = await prepareDocker({ terminal, socketPath: config.dockerSocket, logFile, yes, signal });
  await prepareImage({ docker, config, terminal, signal });
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
  logFile: join(config.dataDir, 'log', 'sandboxd.log'),
});

async function welcome({ version, url }: ServerStatus, { admin, terminal }: CommandContext): Promise<void> {
  terminal.print(
    [`sandboxd ${version} is running.`, `Console  ${url}`, `Sign in  ${await admin.loginLink()}`].join('\n'),
  );
}
