import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageManager } from '../../src/domain/manifest.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { isAbsent, isFile } from '../regular-file.ts';
import { type AppPackage, readPackage } from './app-package.ts';
import { missingDependency } from './dependencies.ts';
import type { InstallPlace, InstallStep } from './install-step.ts';

/** Without a terminal and without questions; what is there already is not fetched again. */
const COMMANDS: Record<PackageManager, string> = {
  pnpm: 'pnpm install --prefer-offline --no-frozen-lockfile',
  npm: 'npm install --prefer-offline --no-audit --no-fund',
  yarn: 'yarn install',
  bun: 'bun install',
};

const PNPM_TRACE = '.modules.yaml';
/** What a package manager leaves in `node_modules` that no other one does. */
const TRACES: readonly (readonly [string, PackageManager])[] = [
  [PNPM_TRACE, 'pnpm'],
  ['.package-lock.json', 'npm'],
  ['.yarn-integrity', 'yarn'],
  ['.yarn-state.yml', 'yarn'],
];

/** The step that brings `node_modules` in line with the app's `package.json`; undefined when it is, or has none. */
export async function nodeInstall(place: InstallPlace): Promise<InstallStep | undefined> {
  const app = await readPackage(place.directory);
  if (app === undefined) return undefined;
  const why = place.isUnfinished
    ? 'the last install was cut off'
    : await missingDependency(place.directory, app);
  if (why === undefined) return undefined;
  const prepared = await preparedModules(place, app);
  if (prepared !== undefined) {
    return { why, command: `rm -rf node_modules && cp -a ${quoted(prepared)} node_modules` };
  }
  const maker = await makerOf(join(place.directory, 'node_modules'));
  const isForeign = maker !== undefined && maker !== app.packageManager;
  // Package managers take each other's directories for their own, and leave a mixture of both.
  return { why, command: `${isForeign ? 'rm -rf node_modules && ' : ''}${COMMANDS[app.packageManager]}` };
}

/** The image's copy of exactly what the app's lock file says: complete without a network, and faster than one. */
async function preparedModules(
  { directory, layers }: InstallPlace,
  app: AppPackage,
): Promise<string | undefined> {
  if (app.packageManager !== 'pnpm' || app.dependencies.size === 0) return undefined;
  if (!(await isFile(join(directory, 'pnpm-lock.yaml')))) return undefined;
  for (const template of await directoriesOf(layers)) {
    const modules = join(layers, template, APP_DIRECTORY, 'node_modules');
    if (!(await isFile(join(modules, PNPM_TRACE)))) continue;
    if ((await missingDependency(directory, app, modules)) === undefined) return modules;
  }
  return undefined;
}

async function makerOf(modules: string): Promise<PackageManager | undefined> {
  for (const [trace, packageManager] of TRACES) {
    if (await isFile(join(modules, trace))) return packageManager;
  }
  return undefined;
}

async function directoriesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;
