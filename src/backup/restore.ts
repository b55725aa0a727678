import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { invalid } from '../domain/errors.ts';
import { orderOf, type SandboxOrder } from '../domain/node.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';
import type { Store } from '../domain/store.ts';
import type { ArchivedContent, WorkspaceSource } from '../domain/workspace.ts';
import { KeptManifest, MEMBERS, parseMember, WorkspaceFacts } from './format.ts';
import { type KeyFiles, layOutKeys } from './keys.ts';
import { restoredNodeFiles } from './node-state.ts';
import type { BackupFile } from './reader.ts';
import { clearStaging, makeStaging, publish, requireNothing } from './staging.ts';

/** Makes workspaces from their content alone. */
export interface WorkspaceAdopter {
  open(): Promise<void>;
  /** @throws invalid_request for content that is refused, and nothing is left of it then */
  adopt(sandboxId: string, source: WorkspaceSource, content: () => Promise<ArchivedContent>): Promise<void>;
}

/** How far a restore has come. */
export interface RestoreProgress {
  /** For people: "Workspaces". */
  readonly step: string;
  readonly detail?: string;
}

export interface RestoreOptions {
  readonly dataDir: string;
  /** What the keys in the backup say; undefined to have new ones made. */
  readonly keys: KeyFiles | undefined;
  /** What it is called in the engine from now on; undefined for what it was called in when it was backed up. */
  readonly instanceId: string | undefined;
  /** Where the database belongs, below the data directory. */
  readonly databasePath: string;
  /** Opens and migrates a database that lies at a path. @throws unavailable when it is of a newer program */
  readonly openDatabase: (path: string) => Promise<Store & AsyncDisposable>;
  readonly workspacesIn: (dataDir: string) => WorkspaceAdopter;
  readonly snapshotsIn: (dataDir: string) => SnapshotStore;
  readonly onProgress: (progress: RestoreProgress) => void;
  readonly onWarning: (warning: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes a data directory of a backup: it is there as a whole when this returns, and not at all when it throws, or is killed
 * at any instruction. Call it with the data directory claimed.
 * @throws invalid_request when the directory holds anything, or something in the backup cannot be taken
 */
export async function restoreBackup(file: BackupFile, options: RestoreOptions): Promise<void> {
  const { dataDir, onProgress } = options;
  await requireNothing(dataDir);
  const staging = await makeStaging(dataDir);
  try {
    await new Restore(file, staging, options).all();
    onProgress({ step: 'Putting it in place' });
    await publish(dataDir);
  } catch (error) {
    await clearStaging(dataDir);
    throw error;
  }
}

class Restore {
  readonly #file: BackupFile;
  readonly #staging: string;
  readonly #options: RestoreOptions;

  constructor(file: BackupFile, staging: string, options: RestoreOptions) {
    this.#file = file;
    this.#staging = staging;
    this.#options = options;
  }

  async all(): Promise<void> {
    this.#step('Keys');
    await layOutKeys(this.#identity(), this.#staging);
    this.#step('Database');
    const orders = await this.#database();
    await this.#node(orders);
    await this.#workspaces();
    await this.#snapshots();
  }

  /** Without its keys an installation is still the one its database and containers belong to. */
  #identity(): KeyFiles {
    const { instanceId, nodeId } = this.#file.header;
    const files = this.#options.keys ?? { instance: instanceId, [join('node', 'id')]: nodeId };
    return {
      ...files,
      ...(this.#options.instanceId !== undefined && { instance: this.#options.instanceId }),
    };
  }

  /** @returns what the database orders of this node; nothing when it is not here */
  async #database(): Promise<Map<string, SandboxOrder>> {
    const { header } = this.#file;
    if (header.database.kind === 'remote') return new Map();
    const path = join(this.#staging, this.#options.databasePath);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const limit = atMost(header.database.sizeBytes);
    const target = createWriteStream(path, { mode: 0o600 });
    const { signal } = this.#options;
    try {
      const source = this.#file.stream(MEMBERS.database);
      await pipeline(source, createZstdDecompress(), limit, target, { signal });
    } catch (error) {
      if (!isDamage(error)) throw error;
      throw invalid('The backup cannot be used: its database does not unpack.', { cause: error });
    }
    await using store = await this.#options.openDatabase(path);
    const rows = await store.sandboxes.ofNode(header.nodeId);
    return new Map(rows.map((row) => [row.id, orderOf(row)]));
  }

  async #node(orders: ReadonlyMap<string, SandboxOrder>): Promise<void> {
    const prefix = MEMBERS.node('');
    for (const name of this.#file.names.filter((name) => name.startsWith(prefix))) {
      const file = { path: name.slice(prefix.length), content: await this.#file.read(name) };
      for (const { path, content } of restoredNodeFiles(file, orders)) {
        const target = join(this.#staging, 'node', path);
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await writeFile(target, content, { mode: 0o600, flag: 'wx' });
      }
    }
  }

  async #workspaces(): Promise<void> {
    const workspaces = this.#options.workspacesIn(this.#staging);
    await workspaces.open();
    const ids = this.#file.workspaceIds;
    for (const [index, id] of ids.entries()) {
      this.#step('Workspaces', `${index + 1} of ${ids.length}`);
      const name = MEMBERS.workspaceFacts(id);
      const { template, imageDigest, ...expected } = parseMember(
        name,
        WorkspaceFacts,
        await this.#file.read(name),
      );
      const bytes = this.#archive(MEMBERS.workspace(id), expected.sha256);
      const onWarning = (warning: string) => this.#options.onWarning(`Sandbox ${id}: ${warning}`);
      await workspaces.adopt(id, { imageDigest, template }, async () => ({ bytes, expected, onWarning }));
    }
  }

  async #snapshots(): Promise<void> {
    const snapshots = this.#options.snapshotsIn(this.#staging);
    await snapshots.open();
    const ids = this.#file.snapshotIds;
    for (const [index, id] of ids.entries()) {
      this.#step('Snapshots', `${index + 1} of ${ids.length}`);
      const name = MEMBERS.snapshotManifest(id);
      const manifest = parseMember(name, KeptManifest, await this.#file.read(name));
      if (manifest.id !== id) throw invalid(`The backup cannot be used: its ${name} is of another snapshot.`);
      await snapshots.put(id, this.#archive(MEMBERS.snapshot(id), manifest.sha256), () => manifest);
    }
  }

  #archive(name: string, sha256: string): AsyncIterable<Uint8Array> {
    if (this.#file.member(name).sha256 === sha256) {
      return addAbortSignal(this.#options.signal, this.#file.stream(name));
    }
    throw invalid(`The backup cannot be used: its ${name} is another one than is described beside it.`);
  }

  #step(step: string, detail?: string): void {
    this.#options.signal.throwIfAborted();
    this.#options.onProgress({ step, ...(detail !== undefined && { detail }) });
  }
}

/** Ends in an error as soon as there is more than was said: a small file can unpack to more than any disk has. */
function atMost(size: number): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* (source) {
    let seen = 0;
    for await (const chunk of source) {
      seen += chunk.byteLength;
      if (seen > size) throw invalid('The backup cannot be used: its database is larger than it says.');
      yield chunk;
    }
  };
}

/** What the decompressor says of bytes that are none of its own. */
const isDamage = (error: unknown): boolean =>
  String((error as Partial<NodeJS.ErrnoException> | null)?.code).startsWith('ZSTD_');
