import { join } from 'node:path';
import type Docker from 'dockerode';
import type { CommandContext } from '../command.ts';
import { prepareDocker } from './docker.ts';

/**
 * The engine of the configuration, made to answer. It stays when the command has ended.
 * @param yes install without asking
 * @throws Failure with what to do when it cannot be made to answer
 */
export async function requireEngine(
  { config, terminal, signal }: Pick<CommandContext, 'config' | 'terminal' | 'signal'>,
  yes = false,
): Promise<Docker> {
  const logFile = join(config.dataDir, 'log', 'dockerd.log');
  const { docker } = await prepareDocker({ terminal, socketPath: config.dockerSocket, logFile, yes, signal });
  return docker;
}
