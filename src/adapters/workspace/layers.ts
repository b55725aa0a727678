import { mkdir, mkdtemp, readdir, rename, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxdError } from '../../domain/errors.ts';
import type { Engine } from '../../domain/engine.ts';
import { LAYERS_DIRECTORY } from '../../domain/runtimed.ts';
import type { WorkspaceSource } from '../../domain/workspace.ts';
import type { Layout } from './layout.ts';
import { removeTrees, syncFileSystem } from './trees.ts';

/** A template's prepared dependencies on this node's disk, laid out like the home directory. */
export interface Layer {
  readonly path: string;
  /** The image has nothing prepared for the template. */
  readonly isEmpty: boolean;
}

/** Copies of what images have prepared, made once per image and template. Nobody writes to them afterwards. */
export class Layers {
  readonly #layout: Layout;
  readonly #engine: Pick<Engine, 'extract'>;
  readonly #making = new Map<string, Promise<void>>();

  constructor(layout: Layout, engine: Pick<Engine, 'extract'>) {
    this.#layout = layout;
    this.#engine = engine;
  }

  isThere(source: WorkspaceSource): Promise<boolean> {
    return exists(this.#layout.layer(source));
  }

  /** Finds the layer, or makes it; whoever asks meanwhile waits for the same. */
  async ensure(source: WorkspaceSource, signal?: AbortSignal): Promise<Layer> {
    const path = this.#layout.layer(source);
    if (!(await exists(path))) await this.#joined(path, () => this.#make(path, source, signal));
    return { path, isEmpty: (await readdir(path)).length === 0 };
  }

  async #joined(path: string, make: () => Promise<void>): Promise<void> {
    const making = this.#making.get(path) ?? make().finally(() => this.#making.delete(path));
    this.#making.set(path, making);
    await making;
  }

  /** Whole or not there: it gets its name when everything of it is on disk. */
  async #make(path: string, source: WorkspaceSource, signal?: AbortSignal): Promise<void> {
    const unfinished = await mkdtemp(join(this.#layout.limbo, 'layer-'));
    const layer = join(unfinished, 'layer');
    await mkdir(layer, { mode: 0o755 });
    try {
      await this.#extract(source, layer, signal);
      await mkdir(dirname(path), { recursive: true });
      await rename(layer, path);
      await rmdir(unfinished);
    } catch (error) {
      await removeTrees([unfinished]);
      throw error;
    }
  }

  async #extract(
    { imageDigest, template }: WorkspaceSource,
    into: string,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      await this.#engine.extract(imageDigest, `${LAYERS_DIRECTORY}/${template}`, into, signal);
      await syncFileSystem(into);
    } catch (error) {
      // A template without prepared dependencies: an empty layer says so for good.
      if (!(error instanceof SandboxdError) || error.code !== 'not_found') throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
