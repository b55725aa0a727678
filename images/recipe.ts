import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ContextFile, filesBelow, fingerprint, readContextFile } from './context.ts';
import { bundleRuntimed } from './bundle.ts';

/** An image's inputs and the tag that names exactly them. */
export interface Recipe {
  readonly tag: string;
  readonly files: readonly ContextFile[];
}

/** The two images of one checkout: the slow one below, the fast one on top. */
export interface Recipes {
  readonly toolchain: Recipe;
  readonly base: Recipe;
}

const IMAGES = fileURLToPath(new URL('.', import.meta.url));
const PACKAGES = join(IMAGES, '../node_modules');
const RUNTIMED = join(IMAGES, '../runtimed/main.ts');

/**
 * Reads everything the images are made from.
 * @param runtimedEntry the supervisor's main module
 */
export async function readRecipes(runtimedEntry = RUNTIMED): Promise<Recipes> {
  const [toolchain, base] = await Promise.all([readToolchain(), readBase(runtimedEntry)]);
  const toolchainHash = fingerprint(toolchain);
  return {
    toolchain: { tag: `sandboxd/toolchain:${toolchainHash}`, files: toolchain },
    base: { tag: `sandboxd/base:${fingerprint(base, toolchainHash)}`, files: base },
  };
}

async function readToolchain(): Promise<ContextFile[]> {
  const files = await Promise.all([
    filesBelow(join(IMAGES, 'toolchain'), ''),
    filesBelow(join(IMAGES, 'templates'), 'templates/'),
    packagedProgram('node', `node-linux-${process.arch}`, 'bin/node'),
    packagedProgram('pnpm', `@pnpm/exe.linux-${process.arch}`, 'pnpm'),
  ]);
  return files.flat();
}

async function readBase(runtimedEntry: string): Promise<ContextFile[]> {
  const dockerfile = await readContextFile(join(IMAGES, 'base/Dockerfile'), 'Dockerfile');
  return [dockerfile, { name: 'runtimed.mjs', executable: false, source: bundleRuntimed(runtimedEntry) }];
}

/** A program out of this project's own dependencies: the lock file pins it for host and sandbox alike. */
async function packagedProgram(name: string, packageName: string, path: string): Promise<ContextFile> {
  const directory = join(PACKAGES, packageName);
  const { version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    version: string;
  };
  const identity = `${packageName}@${version}`;
  return { name: `bin/${name}`, executable: true, source: { path: join(directory, path), identity } };
}
