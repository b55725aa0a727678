import type { BuildDefinition, PackageManager } from '../../src/domain/manifest.ts';
import { PACKAGE_MANAGERS } from '../../src/domain/manifest.ts';
import { readPackage } from '../boot/app-package.ts';
import type { MaskSource } from '../config/masked-output.ts';
import type { Timings } from '../options.ts';
import type { Environment } from '../processes/environment.ts';
import { Program } from '../processes/program.ts';
import { errnoOf } from '../regular-file.ts';
import { type BuildResult, NOT_BUILT } from './outcome.ts';
import { OutputTail } from './output-tail.ts';

/** Characters. */
const MAX_MESSAGE = 4000;
/** The script that the default check runs. */
const SCRIPT = 'build';

export interface BuildCheckContext {
  /** The app directory. */
  readonly directory: string;
  /** What programs of the app start with now. */
  readonly appEnvironment: () => Environment;
  /** For what the build says. */
  readonly masks: MaskSource;
  readonly timings: Timings;
  readonly newMark: () => string;
  /** Brings the app's dependencies in line with what it asks for; never rejects. */
  readonly install: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs an app's own build, to see whether it does. Skipped where there is none, and when the signal aborts. A build
 * that cannot be run has failed. Never rejects.
 */
export async function checkBuild(
  build: BuildDefinition,
  context: BuildCheckContext,
  signal: AbortSignal,
): Promise<BuildResult> {
  if (build.command === '' || !(await canBuild(build.command, context.directory))) return NOT_BUILT;
  await context.install(signal);
  if (signal.aborted) return NOT_BUILT;
  return run(build, context, signal).catch((error: unknown) => ({
    status: 'failed',
    message: `The build could not be run (${errnoOf(error) ?? 'unknown reason'}).`,
  }));
}

/** The default check is for apps that have a build; where there is no such script, there is nothing to check. */
async function canBuild(command: string, directory: string): Promise<boolean> {
  if (!DEFAULTS.has(command.trim())) return true;
  return (await readPackage(directory))?.scripts.has(SCRIPT) === true;
}

/** The default check in the words of each package manager. */
const DEFAULTS: ReadonlySet<string> = new Set(
  PACKAGE_MANAGERS.flatMap((name: PackageManager) => [`${name} ${SCRIPT}`, `${name} run ${SCRIPT}`]),
);

async function run(
  { command, timeout_seconds: seconds }: BuildDefinition,
  { directory, appEnvironment, masks, timings, newMark }: BuildCheckContext,
  signal: AbortSignal,
): Promise<BuildResult> {
  const argv = ['bash', '-lc', command] as const;
  const program = await Program.start({
    argv,
    cwd: directory,
    env: appEnvironment(),
    mark: newMark(),
    isBound: true,
  });
  const output = new OutputTail(masks);
  program.record((bytes) => Promise.resolve(output.push(bytes)));
  const limit = AbortSignal.timeout(seconds * 1000);
  await program.exitedOr(AbortSignal.any([signal, limit]));
  const isCutOff = limit.aborted;
  await program.end(signal.aborted ? timings.agentGrace : timings.stopGrace);
  if (signal.aborted) return NOT_BUILT;
  const code = await program.exited;
  if (code === 0 && !isCutOff) return { status: 'passed' };
  const why = isCutOff ? `The build was cut off after ${seconds} s.` : `The build ended with code ${code}.`;
  const said = output.text(MAX_MESSAGE - why.length - 1);
  return { status: 'failed', message: said === '' ? why : `${why}\n${said}` };
}
