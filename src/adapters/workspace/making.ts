import { chown, mkdir, mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { APP_DIRECTORY } from '../../domain/paths.ts';
import type { ArchiveScope, ArchivedContent } from '../../domain/workspace.ts';
import { unpackContent } from './content.ts';
import { type Layout, type Owner, type SandboxLayout, sandboxLayout } from './layout.ts';
import { lstatIfThere } from './places.ts';
import { type WorkspaceRecord, writeRecord } from './record.ts';
import { copyContents, removeTrees, syncFileSystem } from './trees.ts';

/** What a new home holds. */
export interface Filling {
  /** Path of a layer to be copied; none when there is nothing, or when the layer is to be mounted below. */
  readonly copied?: string | undefined;
  readonly archived?:
    | { readonly open: () => Promise<ArchivedContent>; readonly scope: ArchiveScope }
    | undefined;
}

export interface Making {
  readonly layout: Layout;
  readonly owner: Owner;
  /** Called before the workspace gets its place, for what else may be there. */
  readonly clear: () => Promise<void>;
}

/** Makes a workspace out of sight, and gives it its place when all of it is on disk. Nothing is left when that fails. */
export async function makeWorkspace(
  { id, root }: SandboxLayout,
  record: WorkspaceRecord,
  filling: Filling,
  { layout, owner, clear }: Making,
): Promise<void> {
  const unfinished = sandboxLayout(id, await mkdtemp(join(layout.limbo, `${id}-`)));
  try {
    await fill(unfinished, filling, owner);
    await writeRecord(unfinished, record);
    if (filling.archived !== undefined) await syncFileSystem(unfinished.root);
    await clear();
    await rename(unfinished.root, root);
  } catch (error) {
    await removeTrees([unfinished.root]);
    throw error;
  }
}

async function fill(sandbox: SandboxLayout, { copied, archived }: Filling, owner: Owner): Promise<void> {
  const { home, work, control, staging } = sandbox;
  for (const directory of [home, work, control, staging]) await mkdir(directory, { mode: 0o700 });
  if (copied !== undefined) await copyContents(copied, home);
  if (archived !== undefined) {
    await unpackContent(home, archived.open, {
      owner,
      scope: archived.scope,
      isLayered: copied !== undefined,
    });
  }
  await chown(control, owner.uid, owner.gid);
  await giveHome(home, owner);
}

/** The home and the app directory are there, and their owner's. */
export async function giveHome(home: string, { uid, gid }: Owner): Promise<void> {
  await chown(home, uid, gid);
  let directory = home;
  for (const segment of APP_DIRECTORY.split('/')) {
    directory = join(directory, segment);
    const found = await lstatIfThere(directory);
    // An owner may have put a symlink there. What it leads to is nothing to us, and may be outside.
    if (found !== undefined && !found.isDirectory()) return;
    if (found === undefined) await mkdir(directory);
    await chown(directory, uid, gid);
  }
}
