import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentId } from '../src/domain/coding-agent.ts';
import { type ContextFile, filesBelow, fingerprint, readContextFile } from './context.ts';
import { bundleRuntimed } from './bundle.ts';

/** An image's inputs and the tag that names exactly them. */
export interface Recipe {
  readonly tag: string;
  readonly files: readonly ContextFile[];
}

/** The coding agents' programs, on top of the toolchain. */
export interface AgentsRecipe extends Recipe {
  /** Names exactly the packages, whatever toolchain they are put on. */
  readonly packages: string;
  /** How the packages are taken over from an image that has them. */
  readonly copying: readonly ContextFile[];
}

/** The images of one checkout, each made from the one before: the slow ones below, the fast one on top. */
export interface Recipes {
  readonly toolchain: Recipe;
  /** Undefined for an image without coding agents. */
  readonly agents: AgentsRecipe | undefined;
  readonly base: Recipe;
}

const IMAGES = fileURLToPath(new URL('.', import.meta.url));
const PACKAGES = join(IMAGES, '../node_modules');
const AGENTS = join(IMAGES, 'agents');
const RUNTIMED = join(IMAGES, '../runtimed/main.ts');

/** The images of coding agents, upon whatever toolchain. */
export const AGENTS_REPOSITORY = 'sandboxd/agents';

/**
 * Reads everything the images are made from.
 * @param agents which coding agents the image carries
 * @param runtimedEntry the supervisor's main module
 */
export async function readRecipes(agents: readonly AgentId[], runtimedEntry = RUNTIMED): Promise<Recipes> {
  const [files, packages, base] = await Promise.all([
    readToolchain(),
    readAgents(agents),
    readBase(runtimedEntry),
  ]);
  const toolchainHash = fingerprint(files);
  const below = [toolchainHash, ...(packages === undefined ? [] : [packages.packages])];
  return {
    toolchain: { tag: `sandboxd/toolchain:${toolchainHash}`, files },
    agents: packages && { ...packages, tag: `${AGENTS_REPOSITORY}:${fingerprint([], ...below)}` },
    base: { tag: `sandboxd/base:${fingerprint(base, ...below)}`, files: base },
  };
}

async function readAgents(agents: readonly AgentId[]): Promise<Omit<AgentsRecipe, 'tag'> | undefined> {
  if (agents.length === 0) return undefined;
  const [copying, download, ...packages] = await Promise.all([
    filesBelow(join(AGENTS, 'copy'), ''),
    filesBelow(join(AGENTS, 'download'), ''),
    ...agents.map((id) => filesBelow(join(AGENTS, 'packages', id), `packages/${id}/`)),
  ]);
  const files = [...download, ...packages.flat()];
  return { files, copying, packages: fingerprint(files, process.arch) };
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
  const modules = bundleRuntimed(runtimedEntry).map(({ name, contents }) => ({
    name: `runtimed/${name}`,
    executable: false,
    source: contents,
  }));
  return [dockerfile, ...modules];
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
