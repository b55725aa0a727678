import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../domain/engine.ts';
import { isCode } from '../../domain/errors.ts';
import type { WorkspaceKind, WorkspaceSource } from '../../domain/workspace.ts';
import type { Layers } from './layers.ts';
import type { Owner, SandboxLayout } from './layout.ts';
import { giveHome } from './making.ts';
import { lstatIfThere } from './places.ts';
import { type WorkspaceRecord, replaceRecord, sourceOf } from './record.ts';
import { copyContents, isOpaque, removeWhiteouts, syncFileSystem } from './trees.ts';

export interface Settling {
  readonly layers: Layers;
  readonly engine: Pick<Engine, 'imageDigest'>;
  readonly owner: Owner;
  readonly kind: (imageDigest: string) => Promise<WorkspaceKind>;
}

/**
 * Gives an overlay workspace the layer it needs. One that somebody cleared away comes back. Where its image is gone too, the
 * workspace goes on with another image's, and where this node cannot do overlays, as a directory: rather than be lost.
 * Repeated, it goes on where it was cut off.
 * @param source says which image there is
 * @returns what the workspace is made from now
 */
export async function settle(
  sandbox: SandboxLayout,
  record: WorkspaceRecord,
  source: WorkspaceSource,
  { layers, engine, owner, kind }: Settling,
): Promise<WorkspaceRecord> {
  const own = sourceOf(record);
  const isMoving = await isLost(own, { layers, engine });
  const settled = isMoving ? { ...own, imageDigest: source.imageDigest } : own;
  const layer = await layers.ensure(settled);
  if (!isMoving && record.isAdopted !== true) return record;
  const now = { version: 1, kind: await kind(settled.imageDigest), ...settled } as const;
  if (now.kind === 'directory') await flatten(sandbox, layer.path, owner);
  await replaceRecord(sandbox, now);
  return now;
}

/** Whether a layer is not there, and cannot be made either, because its image is gone. */
export const isLost = async (
  source: WorkspaceSource,
  { layers, engine }: Pick<Settling, 'layers' | 'engine'>,
): Promise<boolean> => !(await layers.isThere(source)) && isGone(engine, source.imageDigest);

async function isGone(engine: Settling['engine'], imageDigest: string): Promise<boolean> {
  try {
    await engine.imageDigest(imageDigest);
    return false;
  } catch (error) {
    if (isCode(error, 'unavailable')) return true;
    throw error;
  }
}

/** Puts a copy of a layer beneath a home, for where it cannot be mounted there. Each entry comes whole or not yet. */
async function flatten({ home, staging }: SandboxLayout, layer: string, owner: Owner): Promise<void> {
  const copy = join(staging, 'layer');
  await copyContents(layer, copy);
  await moveMissing(copy, home);
  await removeWhiteouts(home);
  await giveHome(home, owner);
  await syncFileSystem(home);
}

/**
 * Moves what is in a directory into another one, as far as nothing is in its place there. What was made anew there after it was
 * deleted as a whole gets nothing back.
 */
async function moveMissing(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const there = await lstatIfThere(target);
    if (there === undefined) await rename(source, target);
    else if (entry.isDirectory() && there.isDirectory() && !(await isOpaque(target))) {
      await moveMissing(source, target);
    }
  }
}
