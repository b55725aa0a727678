import { join } from 'node:path';
import * as v from 'valibot';
import { PACKAGE_MANAGERS, type PackageManager } from '../../src/domain/manifest.ts';
import { isAbsent, isFile, readRegular } from '../regular-file.ts';

const MAX_PACKAGE_BYTES = 1024 * 1024;

const texts = v.fallback(v.record(v.string(), v.string()), {});
const packageFile = v.object({
  packageManager: v.fallback(v.optional(v.string()), undefined),
  dependencies: v.optional(texts, {}),
  devDependencies: v.optional(texts, {}),
  scripts: v.optional(texts, {}),
});

const LOCK_FILES = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
] as const satisfies readonly (readonly [string, PackageManager])[];

/** What an app says of itself. */
export interface AppPackage {
  /** Pinned by `packageManager`, else the one whose lock file is there, else pnpm. */
  readonly packageManager: PackageManager;
  /** Range by name. */
  readonly dependencies: ReadonlyMap<string, string>;
  /** Names of what it can be told to run. */
  readonly scripts: ReadonlySet<string>;
}

/** @returns undefined when there is no `package.json`, or none that can be understood */
export async function readPackage(directory: string): Promise<AppPackage | undefined> {
  const text = await readText(join(directory, 'package.json'));
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), packageFile), text);
  if (!parsed.success) return undefined;
  const { packageManager, dependencies, devDependencies, scripts } = parsed.output;
  return {
    packageManager: pinned(packageManager) ?? (await lockedBy(directory)) ?? 'pnpm',
    dependencies: new Map([...Object.entries(devDependencies), ...Object.entries(dependencies)]),
    scripts: new Set(Object.keys(scripts)),
  };
}

const pinned = (field: string | undefined): PackageManager | undefined =>
  PACKAGE_MANAGERS.find((name) => field === name || field?.startsWith(`${name}@`));

async function lockedBy(directory: string): Promise<PackageManager | undefined> {
  for (const [file, packageManager] of LOCK_FILES) {
    if (await isFile(join(directory, file))) return packageManager;
  }
  return undefined;
}

/** The whole of a plain file of a sensible size; undefined for anything else. */
export async function readText(path: string, limit = MAX_PACKAGE_BYTES): Promise<string | undefined> {
  try {
    const { bytes, size } = await readRegular(path, limit);
    return size > limit ? undefined : bytes.toString('utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    // Unreadable or not a plain file: a package manager would not be able to do anything with it either.
    return undefined;
  }
}
