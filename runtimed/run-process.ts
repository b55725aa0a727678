import { randomUUID } from 'node:crypto';
import { systemClock } from '../src/domain/ids.ts';
import { describeFailure, lineLogger } from '../src/domain/line-logger.ts';
import { SANDBOX_UID } from '../src/domain/runtimed.ts';
import { Configuration } from './config/configuration.ts';
import type { RuntimeOptions } from './options.ts';
import { type RuntimeContext, startRuntime } from './runtime.ts';

/** Milliseconds after which a shutdown that hangs is cut short: the engine would kill the sandbox soon anyway. */
const SHUTDOWN_LIMIT = 7000;

/**
 * Runs a sandbox for as long as this process lives: until SIGTERM, SIGINT, or an order over the control socket. The
 * exit code is 0 then, and 1 when the control socket cannot be made.
 */
export async function runProcess(options: RuntimeOptions, agents: RuntimeContext['agents']): Promise<void> {
  // Agents, and people, end what they have left running by `pkill node`, and do not mean the sandbox.
  process.title = 'runtimed';
  const configuration = new Configuration(options.environment, options.home);
  const logger = lineLogger({
    level: 'debug',
    redactor: { text: (text) => configuration.mask.text(text) },
    describe: describeFailure,
    write: (line) => process.stdout.write(`${line}\n`),
  });
  // Nobody reads the log any more: that is no reason to stop.
  process.stdout.on('error', () => {});
  // Whatever a request or a file brings about must not end the sandbox; the log has what there is to know.
  process.on('uncaughtException', (error) => logger.error('uncaught exception', error));
  process.on('unhandledRejection', (reason) => logger.error('unhandled rejection', reason));
  const uid = process.getuid?.();
  if (uid !== SANDBOX_UID) logger.warn('not running as the sandbox user', { uid });
  const terminated = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
  try {
    await using runtime = await startRuntime(options, {
      clock: systemClock,
      logger,
      configuration,
      newName: randomUUID,
      agents,
    });
    logger.info('runtime started', { pid: process.pid });
    const why = await Promise.race([terminated, runtime.shutdownOrdered.then(() => 'ordered')]);
    logger.info('runtime stopping', { why });
    // Only kept by what hangs: when everything ends as it should, the process is gone before.
    setTimeout(() => process.exit(0), SHUTDOWN_LIMIT).unref();
  } catch (error) {
    logger.error('runtime failed', error);
    process.exitCode = 1;
  }
}
