import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../domain/engine.ts';
import { notFound } from '../../domain/errors.ts';
import type { SandboxFiles } from '../../domain/files.ts';
import { type Clock, parseId, systemClock } from '../../domain/ids.ts';
import { SANDBOX_UID } from '../../domain/runtimed.ts';
import type { TaskFile } from '../../domain/task.ts';
import type {
  ArchiveOptions,
  ArchivedContent,
  ExportOptions,
  PreparedWorkspace,
  WorkspaceArchive,
  WorkspaceKind,
  WorkspaceSource,
  Workspaces,
} from '../../domain/workspace.ts';
import { type ArchiveSource, archiveWorkspace, exportWorkspace, rootsOf } from './archive.ts';
import { explained } from './failure.ts';
import { Layers } from './layers.ts';
import { type Layout, type Owner, type SandboxLayout, canonicalId, layoutOf } from './layout.ts';
import { type Filling, makeWorkspace } from './making.ts';
import { type WorkspaceRecord, prepared, readRecord } from './record.ts';
import { settle } from './settling.ts';
import { StoppedFiles } from './stopped-files.ts';
import { readTaskFile } from './task-file.ts';
import { measureTree, removeTrees, removeWithin } from './trees.ts';

export interface DiskWorkspacesOptions {
  readonly dataDirectory: string;
  readonly engine: Pick<Engine, 'extract' | 'imageDigest' | 'probeOverlay'>;
  /** `auto` asks the engine what it can. */
  readonly kind?: WorkspaceKind | 'auto';
  readonly clock?: Clock;
  /** Whose files a sandbox's are; another one than the sandbox user's is for tests. */
  readonly owner?: Owner;
}

const SANDBOX_OWNER: Owner = { uid: SANDBOX_UID, gid: SANDBOX_UID };

/** Workspaces in directories of this node, with prepared dependencies below them as an overlay's lower, or copied. */
export class DiskWorkspaces implements Workspaces {
  readonly #layout: Layout;
  readonly #layers: Layers;
  readonly #engine: DiskWorkspacesOptions['engine'];
  readonly #clock: Clock;
  readonly #owner: Owner;
  #kind: Promise<WorkspaceKind> | undefined;

  constructor({ dataDirectory, engine, kind, clock, owner }: DiskWorkspacesOptions) {
    this.#layout = layoutOf(dataDirectory);
    this.#layers = new Layers(this.#layout, engine);
    this.#engine = engine;
    this.#clock = clock ?? systemClock;
    this.#owner = owner ?? SANDBOX_OWNER;
    if (kind !== undefined && kind !== 'auto') this.#kind = Promise.resolve(kind);
  }

  async open(): Promise<void> {
    const { sandboxes, layers, trash, limbo } = this.#layout;
    for (const directory of [sandboxes, layers, trash, limbo]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    }
    await removeWithin(limbo);
  }

  async kind(imageDigest: string): Promise<WorkspaceKind> {
    this.#kind ??= this.#probe(imageDigest);
    try {
      return await this.#kind;
    } catch (error) {
      this.#kind = undefined;
      throw error;
    }
  }

  async #probe(imageDigest: string): Promise<WorkspaceKind> {
    const directory = await mkdtemp(join(this.#layout.limbo, 'probe-'));
    try {
      return (await this.#engine.probeOverlay(imageDigest, directory)) ? 'overlay' : 'directory';
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async warm(source: WorkspaceSource, signal?: AbortSignal): Promise<void> {
    await explained(async () => {
      await this.kind(source.imageDigest);
      await this.#layers.ensure(source, signal);
    });
  }

  prepare(
    sandboxId: string,
    source: WorkspaceSource,
    content?: () => Promise<ArchivedContent>,
  ): Promise<PreparedWorkspace> {
    return explained(async () => {
      const sandbox = this.#layout.sandbox(sandboxId);
      const found = await readRecord(sandbox);
      const record =
        found === undefined
          ? await this.#make(sandbox, source, content)
          : await this.#repair(sandbox, found, source);
      await this.#ensureProvider(sandbox);
      return prepared(this.#layout, sandbox, record);
    });
  }

  /**
   * Makes a workspace of archived content alone, without an engine, for a node that may not have the image. The next `prepare`
   * finds out what it needs here. An existing one stays as it is, and `content` is not opened then.
   * @throws like `prepare`
   */
  adopt(sandboxId: string, source: WorkspaceSource, content: () => Promise<ArchivedContent>): Promise<void> {
    return explained(async () => {
      const sandbox = this.#layout.sandbox(sandboxId);
      // Refuses a source that is none, before anything is made from it.
      this.#layout.layer(source);
      if ((await readRecord(sandbox)) !== undefined) return;
      const record = { version: 1, kind: 'overlay', ...sourceFields(source), isAdopted: true } as const;
      await this.#place(sandbox, record, { archived: { open: content, scope: 'backup' } });
    });
  }

  async #make(
    sandbox: SandboxLayout,
    source: WorkspaceSource,
    content: (() => Promise<ArchivedContent>) | undefined,
  ): Promise<WorkspaceRecord> {
    const [able, layer] = [await this.kind(source.imageDigest), await this.#layers.ensure(source)];
    const kind = layer.isEmpty ? 'directory' : able;
    const record = { version: 1, kind, ...sourceFields(source) } as const;
    await this.#place(sandbox, record, {
      copied: kind === 'directory' && !layer.isEmpty ? layer.path : undefined,
      archived: content && { open: content, scope: 'snapshot' },
    });
    return record;
  }

  #place(sandbox: SandboxLayout, record: WorkspaceRecord, filling: Filling): Promise<void> {
    return makeWorkspace(sandbox, record, filling, {
      layout: this.#layout,
      owner: this.#owner,
      // Something by that name that is no workspace is not ours to delete.
      clear: () => this.moveToTrash(sandbox.id),
    });
  }

  /** What a crash left half-written goes, and what is missing comes back. */
  async #repair(
    sandbox: SandboxLayout,
    record: WorkspaceRecord,
    source: WorkspaceSource,
  ): Promise<WorkspaceRecord> {
    await removeWithin(sandbox.staging);
    if (record.kind !== 'overlay') return record;
    return settle(sandbox, record, source, {
      layers: this.#layers,
      engine: this.#engine,
      owner: this.#owner,
      kind: (imageDigest) => this.kind(imageDigest),
    });
  }

  /** Apart from what is made with it: a workspace of an older version came without. */
  async #ensureProvider({ provider }: SandboxLayout): Promise<void> {
    try {
      await mkdir(provider);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    // Whatever the node's umask leaves of a mode: the sandbox must be able to pass, and never to write.
    await chmod(provider, 0o755);
  }

  find(sandboxId: string): Promise<PreparedWorkspace> {
    return explained(async () => {
      const sandbox = this.#layout.sandbox(sandboxId);
      const record = await readRecord(sandbox);
      if (record === undefined) throw notFound('workspace');
      await this.#ensureProvider(sandbox);
      return prepared(this.#layout, sandbox, record);
    });
  }

  archive(sandboxId: string, options: ArchiveOptions): Promise<WorkspaceArchive> {
    return explained(async () => archiveWorkspace(await this.#source(sandboxId), options));
  }

  export(sandboxId: string, options: ExportOptions): Promise<AsyncIterableIterator<Uint8Array, undefined>> {
    return explained(async () => exportWorkspace(await this.#source(sandboxId), options));
  }

  async #source(sandboxId: string): Promise<ArchiveSource> {
    const sandbox = this.#layout.sandbox(sandboxId);
    const record = await readRecord(sandbox);
    if (record === undefined) throw notFound('workspace');
    const { home } = prepared(this.#layout, sandbox, record);
    const roots = await rootsOf(home, record, { layers: this.#layers, engine: this.#engine });
    return { roots, baseImage: record.imageDigest, limbo: this.#layout.limbo };
  }

  async remove(sandboxId: string): Promise<void> {
    const { id, root } = this.#layout.sandbox(sandboxId);
    await explained(async () => {
      await renameIfThere(root, join(this.#layout.limbo, `${id}-${this.#clock()}`));
      await removeWithin(this.#layout.limbo, (name) => name.startsWith(`${id}-`));
    });
  }

  async moveToTrash(sandboxId: string): Promise<void> {
    const { id, root } = this.#layout.sandbox(sandboxId);
    await explained(() => renameIfThere(root, join(this.#layout.trash, `${id}-${this.#clock()}`)));
  }

  async emptyTrash(olderThan: number): Promise<number> {
    return explained(async () => {
      const names = await readdir(this.#layout.trash);
      const old = names.filter((name) => Number(name.split('-')[1]) < olderThan);
      await removeTrees(old.map((name) => join(this.#layout.trash, name)));
      return old.length;
    });
  }

  async list(): Promise<string[]> {
    const names = await explained(() => readdir(this.#layout.sandboxes));
    return names.filter((name) => parseId(name) === name);
  }

  async usage(sandboxId: string): Promise<number> {
    const sandbox = this.#layout.sandbox(sandboxId);
    await this.find(sandboxId);
    return measureTree(sandbox.home);
  }

  files(sandboxId: string): SandboxFiles {
    return new StoppedFiles(this.#layout.sandbox(canonicalId(sandboxId)), this.#owner);
  }

  async taskFile(sandboxId: string, taskId: string, file: TaskFile): Promise<Uint8Array | undefined> {
    const sandbox = this.#layout.sandbox(canonicalId(sandboxId));
    if ((await readRecord(sandbox)) === undefined) throw notFound('workspace');
    return readTaskFile(sandbox, this.#owner, taskId, file);
  }
}

const sourceFields = ({ imageDigest, template }: WorkspaceSource) => ({ imageDigest, template });

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
