import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DiskWorkspaces } from '../../src/adapters/workspace/workspaces.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import type { HomeMount, WorkspaceKind } from '../../src/domain/workspace.ts';
import type { WorkspacesUnderTest } from '../contracts/workspaces.contract.ts';
import { FakeEngine } from '../fakes/engine.ts';
import { OWN } from './archives.ts';

const run = promisify(execFile);
export const IMAGE = `sha256:${'a'.repeat(64)}`;
export const OTHER_IMAGE = `sha256:${'b'.repeat(64)}`;
export const DEMO = { imageDigest: IMAGE, template: 'demo' };

export interface DiskSetup extends WorkspacesUnderTest {
  readonly workspaces: DiskWorkspaces;
  readonly engine: FakeEngine;
  readonly data: string;
  /** The same data directory on a node whose engine has these images only. */
  elsewhere(kind: WorkspaceKind, images: readonly string[]): Promise<DiskWorkspaces>;
}

/** Workspaces in a directory of their own, with an engine in memory. */
export async function setUpDisk(
  kind: WorkspaceKind | 'auto',
  overlay = false,
  parent = tmpdir(),
): Promise<DiskSetup> {
  const root = await mkdtemp(join(parent, 'sandboxd-workspaces-'));
  const data = join(root, 'data');
  const engine = new FakeEngine({ extract: extractDemo, overlay });
  const open = async (options: { kind: WorkspaceKind | 'auto'; engine: FakeEngine }) => {
    const workspaces = new DiskWorkspaces({ dataDirectory: data, owner: OWN, ...options });
    await workspaces.open();
    return workspaces;
  };
  return {
    workspaces: await open({ kind, engine }),
    engine,
    data,
    imageDigest: IMAGE,
    otherImageDigest: OTHER_IMAGE,
    mounted: (home, use) => mounted(root, home, use),
    reopened: () => open({ kind, engine }),
    elsewhere: (kind, images) => open({ kind, engine: engineWith(images) }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
function engineWith(images: readonly string[]): FakeEngine {
  return new FakeEngine({
    images,
    extract: async (image, ...rest) => {
      if (images.includes(image)) return extractDemo(image, ...rest);
      throw new SandboxdError('unavailable', 'The sandbox image is not on this node.');
    },
  });
}

async function extractDemo(_image: string, path: string, directory: string): Promise<boolean> {
  if (path !== '/opt/layers/demo') return false;
  const modules = join(directory, 'workspace/app/node_modules');
  await mkdir(modules, { recursive: true });
  await writeFile(join(modules, 'tool.js'), 'prepared');
  return true;
}

async function mounted<T>(root: string, home: HomeMount, use: (path: string) => Promise<T>): Promise<T> {
  if (home.kind === 'bind') return use(home.path);
  const point = await mkdtemp(join(root, 'mount-'));
  const { lower, upper, work } = home;
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  await run('mount', ['-t', 'overlay', 'overlay', '-o', options, point]);
  try {
    return await use(point);
  } finally {
    await run('umount', [point]);
  }
}
