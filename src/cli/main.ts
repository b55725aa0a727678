import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from './run.ts';
import { createTerminal } from './terminal.ts';

const DOTENV = fileURLToPath(new URL('../../.env', import.meta.url));

// What the environment already says wins over the file.
if (existsSync(DOTENV)) process.loadEnvFile(DOTENV);

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interruption.abort(new Error(name)));
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: createTerminal({ input: process.stdin, output: process.stdout, errors: process.stderr }),
  env: process.env,
  signal: interruption.signal,
});
