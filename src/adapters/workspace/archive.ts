import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveTree, exportTree } from '../../archive/archive-tree.ts';
import type { ArchiveInput } from '../../archive/protocol.ts';
import type { ArchiveOptions, ExportOptions, HomeMount, WorkspaceArchive } from '../../domain/workspace.ts';
import { ArchiveBytes } from './archive-bytes.ts';
import { sourceOf, type WorkspaceRecord } from './record.ts';
import { isLost, type Settling } from './settling.ts';
import { removeTrees, syncFileSystem } from './trees.ts';

export interface ArchiveSource {
  /** The tree, or the layers of an overlay, the uppermost first. */
  readonly roots: readonly string[];
  readonly baseImage: string;
  /** Where what is set aside goes: something that is cleared away after a crash. */
  readonly limbo: string;
}

/**
 * What a home is made of as far as it is archived. The layer that an adopted one is to lie upon has nothing to add: a backup
 * holds what was of it. Nor has one that is lost with its image: the workspace will go on without it.
 */
export async function rootsOf(
  home: HomeMount,
  record: WorkspaceRecord,
  { layers, engine }: Pick<Settling, 'layers' | 'engine'>,
): Promise<readonly string[]> {
  if (home.kind === 'bind') return [home.path];
  const source = sourceOf(record);
  if (record.isAdopted === true || (await isLost(source, { layers, engine }))) return [home.upper];
  await layers.ensure(source);
  return [home.upper, home.lower];
}

/** What is set aside outlives its workspace: nothing that removes what is named after a sandbox may find it. */
const PREFIX = 'archive-';

/** The archive of a workspace, which holds on to nothing once its bytes have ended or nobody wants them any more. */
export async function archiveWorkspace(
  { roots, baseImage, limbo }: ArchiveSource,
  options: ArchiveOptions,
): Promise<WorkspaceArchive> {
  const input: ArchiveInput = { roots, scope: options.scope };
  await using held = new AsyncDisposableStack();
  const aside = options.freeze && held.use(await stagingIn(limbo));
  const archive = held.use(
    await archiveTree({ ...input, ...(aside && { staging: aside.staging }) }, options),
  );
  const bytes = new ArchiveBytes(archive.bytes, held.move(), options.signal);
  return { bytes, facts: () => ({ ...archive.facts(), baseImage }) };
}

/** The app of a workspace as a zip archive, which lets go of what was copied aside as above. */
export async function exportWorkspace(
  { roots, limbo }: Omit<ArchiveSource, 'baseImage'>,
  options: ExportOptions,
): Promise<ArchiveBytes> {
  await using held = new AsyncDisposableStack();
  const { staging } = held.use(await stagingIn(limbo));
  const exported = held.use(await exportTree({ roots, staging }, options));
  return new ArchiveBytes(exported.bytes, held.move(), options.signal);
}

/**
 * What a program has mapped into its memory changes without a trace while it waits to be written to disk. Once all is
 * written, the next change leaves one.
 */
async function stagingIn(limbo: string): Promise<AsyncDisposable & Pick<Required<ArchiveInput>, 'staging'>> {
  const directory = await mkdtemp(join(limbo, PREFIX));
  const syncedAt = Date.now();
  await syncFileSystem(directory);
  return { staging: { directory, syncedAt }, [Symbol.asyncDispose]: () => removeTrees([directory]) };
}
