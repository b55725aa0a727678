import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { paddingOf } from '../archive/tar-header.ts';
import { asSandboxdError, isCode } from '../domain/errors.ts';
import type { SnapshotManifest } from '../domain/snapshot-store.ts';
import { type BackupHeader, FORMAT_VERSION, type LeftOut, MEMBERS, type WorkspaceFacts } from './format.ts';
import { type Bytes, MemberStream } from './member-stream.ts';
import { readNodeState } from './node-state.ts';
import type { BackupSources } from './sources.ts';
import { openSpool, type Spool } from './spool.ts';
import { END, encodeEntry } from './tar.ts';

export interface BackupOptions {
  /** The keys, sealed; undefined to leave them out. */
  readonly keys: string | undefined;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/**
 * A backup, as the bytes of its file. The database is copied first and the node's records after it, so that these know
 * of everything that one does. A workspace or snapshot that cannot be read is left out, which the last member tells;
 * when nothing can be written any more, the last member is `failure.json`, and whoever reads it has no backup.
 * @throws the signal's reason when that aborts
 */
export async function* writeBackup(sources: BackupSources, options: BackupOptions): Bytes {
  const { signal } = options;
  try {
    await using spool = await openSpool(sources.dataDir);
    yield* new BackupWriter(sources, spool, options).all();
  } catch (error) {
    signal.throwIfAborted();
    sources.log.error('a backup could not be finished', error);
    yield* failure(sources.clock(), error);
  }
}

/**
 * After whatever was written so far, at the beginning of a block or not: a reader finds it, or finds the tar broken, and
 * takes it for no backup either way.
 */
async function* failure(at: number, error: unknown): Bytes {
  const content = Buffer.from(JSON.stringify(asSandboxdError(error).toEnvelope()));
  yield encodeEntry({ name: MEMBERS.failure, size: content.byteLength }, at);
  yield content;
  yield Buffer.alloc(paddingOf(content.byteLength));
  yield END;
}

interface OpenArchive extends AsyncDisposable {
  readonly manifest: SnapshotManifest;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

class BackupWriter {
  readonly #sources: BackupSources;
  readonly #spool: Spool;
  readonly #options: BackupOptions;
  readonly #members: MemberStream;
  readonly #leftOut: LeftOut[] = [];

  constructor(sources: BackupSources, spool: Spool, options: BackupOptions) {
    this.#sources = sources;
    this.#spool = spool;
    this.#options = options;
    this.#members = new MemberStream(sources.clock);
  }

  async *all(): Bytes {
    const database = await this.#copyDatabase();
    const { node, nodeDirectory, snapshots } = this.#sources;
    yield* this.#members.json(MEMBERS.header, await this.#header(database));
    if (this.#options.keys !== undefined) {
      yield* this.#members.bytes(MEMBERS.keys, new TextEncoder().encode(this.#options.keys));
    }
    if (database !== undefined) yield* this.#database(database);
    for await (const { path, content } of readNodeState(nodeDirectory)) {
      yield* this.#members.bytes(MEMBERS.node(path), content);
    }
    for (const workspace of node.keeps()) yield* this.#workspace(workspace);
    for (const id of (await snapshots.own?.list()) ?? []) yield* this.#snapshot(id);
    yield* this.#members.end(this.#leftOut);
  }

  async #header(database: string | undefined): Promise<BackupHeader> {
    const { version, instanceId, nodeId, secretsKey, clock } = this.#sources;
    return {
      format: 'sandboxd-backup',
      version: FORMAT_VERSION,
      sandboxd: version,
      instanceId,
      nodeId,
      createdAt: clock(),
      database:
        database === undefined
          ? { kind: 'remote' }
          : { kind: 'file', sizeBytes: (await stat(database)).size },
      snapshots: this.#sources.snapshots.isShared ? 'shared' : 'included',
      keys: this.#options.keys === undefined ? 'left-out' : 'included',
      secretsKey,
    };
  }

  async #copyDatabase(): Promise<string | undefined> {
    const { database } = this.#sources;
    if (database.kind === 'remote') return undefined;
    const path = this.#spool.path('database.sqlite');
    await database.copy(path);
    return path;
  }

  async *#database(path: string): Bytes {
    const compressed = `${path}.zst`;
    await pipeline(createReadStream(path), createZstdCompress(), createWriteStream(compressed), {
      signal: this.#options.signal,
    });
    await rm(path);
    yield* this.#members.file(MEMBERS.database, compressed);
    await rm(compressed);
  }

  async *#workspace({ id, template }: { id: string; template: string }): Bytes {
    const path = this.#spool.path(`${id}.tar.zst`);
    const facts = await this.#keep('workspace', id, () => this.#archive(id, template, path));
    if (facts === undefined) return;
    yield* this.#members.json(MEMBERS.workspaceFacts(id), facts);
    yield* this.#members.file(MEMBERS.workspace(id), path);
    await rm(path);
  }

  /** Aside first: the sandbox's lock is held for as long as this disk takes, not for as long as the reader does. */
  #archive(id: string, template: string, path: string): Promise<WorkspaceFacts> {
    const { signal } = this.#options;
    return this.#sources.node.archiveForBackup(
      id,
      async ({ bytes, facts }) => {
        await pipeline(bytes, createWriteStream(path, { mode: 0o600 }), { signal });
        const { baseImage, warnings, ...rest } = facts();
        return { ...rest, template, imageDigest: baseImage, warnings: [...warnings] };
      },
      signal,
    );
  }

  async *#snapshot(id: string): Bytes {
    const opened = await this.#keep('snapshot', id, () => this.#open(id));
    if (opened === undefined) return;
    await using archive = opened;
    yield* this.#members.json(MEMBERS.snapshotManifest(id), archive.manifest);
    yield* this.#members.stream(MEMBERS.snapshot(id), archive.manifest.sizeBytes, archive.bytes());
  }

  /** With its first bytes read: one that was removed says so before anything of it is written. */
  async #open(id: string): Promise<OpenArchive> {
    const { manifest, archive } = await this.#sources.snapshots.get(id);
    const iterator = archive[Symbol.asyncIterator]();
    const first = await iterator.next();
    return {
      manifest,
      bytes: async function* () {
        for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
      },
      [Symbol.asyncDispose]: async () => void (await iterator.return?.()),
    };
  }

  /** What is gone by now is nobody's loss; what cannot be read is told, and does not keep the rest from being kept. */
  async #keep<T>(what: LeftOut['what'], id: string, read: () => Promise<T>): Promise<T | undefined> {
    this.#options.signal.throwIfAborted();
    try {
      return await read();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (isCode(error, 'not_found')) return undefined;
      this.#sources.log.error(`a ${what} is not in the backup`, error, { [`${what}Id`]: id });
      this.#leftOut.push({ what, id, reason: asSandboxdError(error).message });
      await rm(this.#spool.path(`${id}.tar.zst`), { force: true });
      return undefined;
    }
  }
}
