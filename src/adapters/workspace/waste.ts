import { readdir, rename, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Garbage, GarbageOptions, GarbageSource } from '../../domain/garbage.ts';
import type { Clock } from '../../domain/ids.ts';
import type { WorkspaceSource } from '../../domain/workspace.ts';
import { explained } from './failure.ts';
import { type Layout, layoutOf, sandboxLayout } from './layout.ts';
import { readRecord, sourceOf } from './record.ts';
import { measureTree, removeTrees } from './trees.ts';

/** How long what was thrown away can be had back. */
const TRASH_MS = 7 * 24 * 3600 * 1000;

/** What workspaces have left on disk. */
export class WorkspaceWaste {
  readonly #layout: Layout;
  readonly #clock: Clock;

  constructor(dataDirectory: string, clock: Clock) {
    this.#layout = layoutOf(dataDirectory);
    this.#clock = clock;
  }

  /** What workspaces are made from whose layers are not on disk: they are still to be taken from their images. */
  async withoutLayer(): Promise<WorkspaceSource[]> {
    const sources = await this.#sources();
    const ages = await Promise.all(sources.map((source) => ageOf(this.#layout.layer(source), this.#clock())));
    return sources.filter((_source, at) => ages[at] === undefined);
  }

  /** Of every workspace, also those in the trash: somebody may want them back. */
  async #sources(): Promise<WorkspaceSource[]> {
    const { sandboxes, trash } = this.#layout;
    const roots = (await Promise.all([sandboxes, trash].map(childrenOf))).flat();
    const records = await Promise.all(roots.map((root) => readRecord(sandboxLayout('', root))));
    return records.flatMap((record) => (record === undefined ? [] : [sourceOf(record)]));
  }

  /** Layers that no workspace lies upon. @param current the image new workspaces are made with */
  unusedLayers(current: () => Promise<string>): GarbageSource {
    return { kind: 'layer', find: () => explained(() => this.#unusedLayers(current)) };
  }

  /** Workspaces that were thrown away: long ago, or all. */
  trash(): GarbageSource {
    return { kind: 'trash', find: (options) => explained(() => this.#thrownAway(options)) };
  }

  async #unusedLayers(current: () => Promise<string>): Promise<Garbage[]> {
    const images = await childrenOf(this.#layout.layers);
    const present = (await Promise.all(images.map(childrenOf))).flat();
    // Read after the layers: whoever makes a workspace meanwhile makes it with the current image.
    const used = new Set((await this.#sources()).map((source) => this.#layout.layer(source)));
    const kept = dirname(this.#layout.layer({ imageDigest: await current(), template: 'any' }));
    const unused = present.filter((path) => !used.has(path) && dirname(path) !== kept);
    return Promise.all(unused.map((path) => this.#layer(path)));
  }

  async #layer(path: string): Promise<Garbage> {
    return {
      kind: 'layer',
      name: path.slice(this.#layout.layers.length + 1),
      sizeBytes: await measureTree(path),
      ageMs: await ageOf(path, this.#clock()),
      remove: () => explained(() => this.#removeLayer(path)),
    };
  }

  /** Gone at once, then removed: a layer is whole, or not there. */
  async #removeLayer(path: string): Promise<void> {
    const doomed = join(this.#layout.limbo, `layer-${this.#clock()}-${path.slice(-8).replaceAll('/', '-')}`);
    await rename(path, doomed);
    await removeTrees([doomed]);
    try {
      await rmdir(dirname(path));
    } catch (error) {
      // Other templates of that image are used.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  async #thrownAway({ trash }: GarbageOptions): Promise<Garbage[]> {
    const paths = await childrenOf(this.#layout.trash);
    const found = paths.map((path) => ({ path, ageMs: this.#clock() - thrownAwayAt(path) }));
    const chosen = found.filter(({ ageMs }) => trash || ageMs >= TRASH_MS);
    return Promise.all(
      chosen.map(async ({ path, ageMs }) => ({
        kind: 'trash',
        name: path.slice(this.#layout.trash.length + 1),
        sizeBytes: await measureTree(path),
        ageMs,
        remove: () => explained(() => removeTrees([path])),
      })),
    );
  }
}

/** It is part of the name: `<sandbox>-<milliseconds>`. */
const thrownAwayAt = (path: string): number => Number(path.slice(path.lastIndexOf('-') + 1));

async function childrenOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** Since it was made; undefined when it is not there. */
async function ageOf(path: string, now: number): Promise<number | undefined> {
  try {
    return Math.max(0, now - (await stat(path)).ctimeMs);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
