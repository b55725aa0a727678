import { randomUUID } from 'node:crypto';
import { systemClock } from '../src/domain/ids.ts';
import { SANDBOX_UID } from '../src/domain/runtimed.ts';
import { lineLogger } from './log.ts';
import { sandboxOptions } from './options.ts';
import { startRuntime } from './runtime.ts';

/** Milliseconds after which a shutdown that hangs is cut short: the engine would kill the sandbox soon anyway. */
const SHUTDOWN_LIMIT = 7000;

const logger = lineLogger((line) => process.stdout.write(line), systemClock);

// Nobody reads the log any more: that is no reason to stop.
process.stdout.on('error', () => {});
// Whatever a request or a file brings about must not end the sandbox; the log has what there is to know.
process.on('uncaughtException', (error) => logger.error('uncaught exception', error));
process.on('unhandledRejection', (reason) => logger.error('unhandled rejection', reason));

main().catch((error: unknown) => {
  logger.error('the control socket could not be made', error);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  if (process.getuid?.() !== SANDBOX_UID)
    logger.warn('not running as the sandbox user', { uid: process.getuid?.() });
  const terminated = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
  await using runtime = await startRuntime(sandboxOptions(process.env), {
    clock: systemClock,
    logger,
    newName: randomUUID,
  });
  logger.info('runtime started', { pid: process.pid });
  const why = await Promise.race([terminated, runtime.shutdownOrdered.then(() => 'ordered')]);
  logger.info('runtime stopping', { why });
  // Only kept by what hangs: when everything ends as it should, the process is gone before.
  setTimeout(() => process.exit(0), SHUTDOWN_LIMIT).unref();
}
