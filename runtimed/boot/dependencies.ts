import { join } from 'node:path';
import * as v from 'valibot';
import type { PackageManager } from '../../src/domain/manifest.ts';
import { type AppPackage, readText } from './app-package.ts';
import { lookAtAll } from '../look-at-all.ts';
import { isFile } from '../regular-file.ts';
import { satisfies } from './version-range.ts';

const MAX_LOCK_BYTES = 16 * 1024 * 1024;
/** Where pnpm keeps the lock file of what it has installed, in `node_modules`. */
const LOCK_OF_PNPM = '.pnpm/lock.yaml';
const installedPackage = v.object({ version: v.string() });
const PACKAGE_NAME = /^(@[A-Za-z0-9._~-]+\/)?[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/;

const npmLock = v.object({
  packages: v.record(
    v.string(),
    v.object({ version: v.optional(v.string()), optional: v.optional(v.boolean()) }),
  ),
});

/**
 * Why an install is needed, for people; undefined when what is installed is all the app asks for. Cheap: it looks at
 * the packages that the app names itself, and takes the package manager's own word for theirs.
 * @param modules where they are installed, or could be taken from
 */
export async function missingDependency(
  directory: string,
  app: AppPackage,
  modules = join(directory, 'node_modules'),
): Promise<string | undefined> {
  if (app.dependencies.size === 0) return undefined;
  // Yarn's Plug'n'Play installs no packages; its own loader says what is missing.
  if (await isFile(join(directory, '.pnp.cjs'))) return undefined;
  const looks = await lookAtAll([...app.dependencies], ([name, range]) => unmet(modules, name, range));
  const why = looks.find((found) => found !== undefined);
  if (why !== undefined) return why;
  const isInstalled = LOCKS_INSTALLED[app.packageManager];
  if (isInstalled === undefined || (await isInstalled(directory, modules))) return undefined;
  return 'the lock file has changed since the last install';
}

async function unmet(modules: string, name: string, range: string): Promise<string | undefined> {
  if (!PACKAGE_NAME.test(name)) return undefined;
  const text = await readText(join(modules, name, 'package.json'));
  if (text === undefined) return `${name} is not installed`;
  const installed = v.safeParse(v.pipe(v.string(), v.parseJson(), installedPackage), text);
  if (!installed.success) return `${name} is not installed properly`;
  const { version } = installed.output;
  return satisfies(version, range) === false ? `${name} ${version} is installed, not ${range}` : undefined;
}

type IsInstalled = (directory: string, modules: string) => Promise<boolean>;

/** Whether what a package manager has installed is what the lock file says, where it leaves that to be seen. */
const LOCKS_INSTALLED: Partial<Record<PackageManager, IsInstalled>> = {
  pnpm: async (directory, modules) => {
    const wanted = await readLock(join(directory, 'pnpm-lock.yaml'));
    return wanted === undefined || wanted === (await readLock(join(modules, LOCK_OF_PNPM)));
  },
  npm: async (directory, modules) => {
    const wanted = await readNpmLock(join(directory, 'package-lock.json'));
    const installed = await readNpmLock(join(modules, '.package-lock.json'));
    if (wanted === undefined) return true;
    return [...wanted].every(([path, version]) => installed?.get(path) === version);
  },
};

/** The version at each path, without what may be left out: the app itself, and what is optional. */
async function readNpmLock(path: string): Promise<Map<string, string> | undefined> {
  const text = await readText(path, MAX_LOCK_BYTES);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), npmLock), text);
  if (!parsed.success) return undefined;
  const versions = new Map<string, string>();
  for (const [path, { version, optional }] of Object.entries(parsed.output.packages)) {
    if (path !== '' && version !== undefined && optional !== true) versions.set(path, version);
  }
  return versions;
}

/** A lock file of pnpm's, comparable; undefined where there is none. */
async function readLock(path: string): Promise<string | undefined> {
  return (await readText(path, MAX_LOCK_BYTES))?.replaceAll('\r\n', '\n').trim();
}
