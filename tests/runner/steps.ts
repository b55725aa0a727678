import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProgramError, runProgram } from '../../src/host/run-program.ts';
import { PASSED, type Score, type VitestReport, failed, scoreOf } from './score.ts';

/** Where a run takes place. */
export interface Surroundings {
  readonly root: string;
  /** With this project's own tools first on the PATH. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

const SHOWN_LINES = 200;

/** Runs a check to its verdict; a thrown error is a failure, told with its message. */
export async function step(name: string, signal: AbortSignal, check: () => Promise<void>): Promise<Score> {
  const began = performance.now();
  const told = (sign: string) => `${sign} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`;
  try {
    await check();
    console.log(told('✓'));
    return PASSED;
  } catch (error) {
    signal.throwIfAborted();
    console.log(`${told('✗')}\n${explain(error)}`);
    return failed(name, explain(error));
  }
}

const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs one of the project's tools. @throws with everything it said, up to a limit, when it is not content */
export async function runTool(
  { root, signal }: Surroundings,
  tool: string,
  ...args: string[]
): Promise<void> {
  const lines: string[] = [];
  const onLine = (line: string) => {
    if (lines.length < SHOWN_LINES) lines.push(line);
  };
  try {
    await runProgram(join(root, 'node_modules/.bin', tool), args, { signal, onLine });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new Error([...lines, error.message].join('\n'), { cause: error });
  }
}

/** Runs vitest projects, showing what vitest shows, and counts by its report. */
export async function runTests(
  { root, env, signal }: Surroundings,
  projects: readonly string[],
): Promise<Score> {
  const output = join(root, 'tests/output');
  const name = projects.join('-');
  const reportFile = join(output, `${name}.json`);
  await mkdir(output, { recursive: true });
  await rm(reportFile, { force: true });
  const args = [
    'run',
    ...projects.flatMap((name) => ['--project', name]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
  ];
  const vitest = spawn(join(root, 'node_modules/.bin/vitest'), args, {
    cwd: root,
    env,
    stdio: 'inherit',
    signal,
  });
  const [exitCode] = (await once(vitest, 'close')) as [number | null];
  return scoreOf(name, await readReport(reportFile), exitCode);
}

async function readReport(path: string): Promise<VitestReport | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as VitestReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
