import { existsSync } from 'node:fs';
import { SandboxdError } from '../domain/errors.ts';
import { ProgramError, type ProgramOptions, runProgram } from './run-program.ts';

const APT = '/usr/bin/apt-get';

/** Whether this machine's packages come from Debian or a distribution made from it, and this user may install them. */
export const canInstallPackages = (): boolean => existsSync(APT) && process.getuid?.() === 0;

/**
 * Installs packages of the distribution, asking nothing.
 * @throws unavailable when this machine has no apt, this user is not root, or the installation fails
 */
export async function installPackages(
  names: readonly string[],
  options: Pick<ProgramOptions, 'signal' | 'onLine'> = {},
): Promise<void> {
  const byHand = `Install ${names.join(' and ')} by hand and try again.`;
  if (!canInstallPackages()) {
    throw new SandboxdError(
      'unavailable',
      `${names.join(', ')}: missing, and installing needs root on Debian or Ubuntu. ${byHand}`,
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await runProgram(APT, ['update'], { ...options, env });
    await runProgram(APT, ['install', '--yes', '--no-install-recommends', ...names], { ...options, env });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new SandboxdError('unavailable', `apt-get failed:\n${error.output.join('\n')}\n${byHand}`, {
      cause: error,
    });
  }
}
