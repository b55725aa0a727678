import { fileURLToPath } from 'node:url';
import { readRecipes } from '../images/recipe.ts';
import { AlreadyRunningError } from './compose/claim.ts';
import { configuredSecrets } from './compose/configured-secrets.ts';
import { createLogger } from './compose/logger.ts';
import { startServer } from './compose/server.ts';
import { ConfigError, loadConfig } from './config.ts';
import { SandboxdError } from './domain/errors.ts';
import { createRedactor } from './domain/redactor.ts';

const RUNTIMED = fileURLToPath(new URL('../runtimed/main.ts', import.meta.url));

/** Whether the message says it all. */
const isExplained = (error: Error): boolean =>
  error instanceof ConfigError || error instanceof SandboxdError || error instanceof AlreadyRunningError;

/** Serves until it is told to end: by a signal, leaving sandboxes running, or over the admin socket, putting them to sleep. */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const redactor = createRedactor();
  redactor.keep(configuredSecrets(config));
  const log = createLogger({ level: config.logLevel, redactor, write: (line) => process.stdout.write(line) });
  for (const name of config.unknownNames) log.warn(`nobody reads ${name}: is it misspelt?`);
  const end = Promise.withResolvers<'signal' | 'down'>();
  const image = config.image ?? (await readRecipes(config.agents, RUNTIMED)).base.tag;
  await using server = await startServer({
    config,
    image,
    log,
    redactor,
    onShutDown: () => end.resolve('down'),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.resolve('signal'));
  log.info('ready', { port: server.addressing.publicPort, image });
  const reason = await end.promise;
  log.info('ending', { reason });
  if (reason === 'down') await server.stopAll();
}

try {
  await main();
} catch (error) {
  const cause = error instanceof Error && !isExplained(error) ? `\n${error.stack}` : '';
  process.stdout.write(`sandboxd could not start: ${String(error)}${cause}\n`);
  process.exitCode = 1;
}
