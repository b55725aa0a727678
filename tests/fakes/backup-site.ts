import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { copyFileStore, openFileStore } from '../../src/adapters/libsql/file.ts';
import { collectKeys, sealKeys } from '../../src/backup/keys.ts';
import type { RestoreOptions, WorkspaceAdopter } from '../../src/backup/restore.ts';
import type { BackupSources } from '../../src/backup/sources.ts';
import { writeBackup } from '../../src/backup/writer.ts';
import { notFound } from '../../src/domain/errors.ts';
import { orderOf } from '../../src/domain/node.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import type { SnapshotManifest } from '../../src/domain/snapshot-store.ts';
import type { ArchivedContent, WorkspaceArchive, WorkspaceSource } from '../../src/domain/workspace.ts';
import { MemorySnapshots } from './memory-snapshots.ts';
import { quietLogger } from './quiet-logger.ts';
import { aSandbox, newId } from './rows.ts';

export const PASSPHRASE = 'a-fake-passphrase-of-tests';
const IMAGE = `sha256:${'a'.repeat(64)}`;

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Workspaces made from content, as plain files. */
export class AdoptedWorkspaces implements WorkspaceAdopter {
  readonly #directory: string;

  constructor(dataDir: string) {
    this.#directory = join(dataDir, 'sandboxes');
  }

  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
  }

  async adopt(id: string, source: WorkspaceSource, open: () => Promise<ArchivedContent>): Promise<void> {
    const { bytes, expected } = await open();
    const content = await buffer(bytes);
    if (sha256(content) !== expected.sha256) throw new Error('The archive is another one.');
    await writeFile(join(this.#directory, id), content);
    await writeFile(join(this.#directory, `${id}.json`), JSON.stringify(source));
  }
}

/** An installation on disk, as far as backups know one: a real database, records, keys; workspaces in memory. */
export class BackupSite implements AsyncDisposable {
  readonly root: string;
  readonly dataDir: string;
  readonly nodeId = newId();
  readonly snapshots = new MemorySnapshots();
  readonly workspaces = new Map<string, Buffer>();
  /** What archiving a workspace throws. */
  readonly broken = new Map<string, Error>();
  /** Done before anything but the database is read. */
  afterDatabase: () => Promise<void> = async () => undefined;

  private constructor(root: string) {
    this.root = root;
    this.dataDir = join(root, 'data');
  }

  static async make(): Promise<BackupSite> {
    const site = new BackupSite(await mkdtemp(join(tmpdir(), 'sandboxd-backup-')));
    await site.write('instance', 'fake0001');
    await site.write('node/id', site.nodeId);
    await site.write('keys/api.jwk', '{"fake":"api"}');
    await site.write('keys/secrets', 'test-key-not-real');
    await mkdir(join(site.dataDir, 'node', 'outbox'), { recursive: true });
    await mkdir(join(site.dataDir, 'node', 'sandboxes'), { recursive: true });
    return site;
  }

  get database(): string {
    return join(this.dataDir, 'sandboxd.db');
  }

  /** A file for the backup. */
  get file(): string {
    return join(this.root, 'backup.tar');
  }

  /** A place for what is restored. */
  get target(): string {
    return join(this.root, 'restored');
  }

  async write(path: string, content: string): Promise<void> {
    const absolute = join(this.dataDir, path);
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, content);
  }

  /** A sandbox that runs: its row, its record, its workspace. */
  async addSandbox(fields: Partial<Sandbox> = {}): Promise<Sandbox> {
    const sandbox = aSandbox({ nodeId: this.nodeId, status: 'running', ...fields });
    await using store = await openFileStore(this.database);
    await store.commit({ kind: 'sandbox.insert', sandbox });
    await this.record(sandbox, { state: 'running', applied: sandbox.generation });
    this.workspaces.set(sandbox.id, Buffer.from(`files of ${sandbox.id}`));
    return sandbox;
  }

  async record(sandbox: Sandbox, fields: object): Promise<void> {
    const record = { id: sandbox.id, order: orderOf(sandbox), applied: 0, lastActiveAt: 1, ...fields };
    await this.write(`node/sandboxes/${sandbox.id}.json`, JSON.stringify(record));
  }

  async addSnapshot(): Promise<string> {
    const id = newId();
    const content = Buffer.from(`archive ${id}`);
    const manifest: SnapshotManifest = {
      version: 1,
      id,
      template: 'blank',
      entryCount: 1,
      createdAt: 1,
      ...facts(content),
    };
    await this.snapshots.put(id, Readable.from([content]), () => manifest);
    return id;
  }

  get sources(): BackupSources {
    return {
      dataDir: this.dataDir,
      nodeDirectory: join(this.dataDir, 'node'),
      version: '0.0.0-test',
      instanceId: 'fake0001',
      nodeId: this.nodeId,
      secretsKey: 'kept',
      database: {
        kind: 'file',
        copy: async (into) => {
          await using _made = await openFileStore(this.database);
          await copyFileStore(this.database, into);
          await this.afterDatabase();
        },
      },
      node: {
        keeps: () => [...this.workspaces.keys()].map((id) => ({ id, template: 'blank' })),
        archiveForBackup: (id, consume) => this.#archive(id, consume),
      },
      snapshots: this.snapshots,
      clock: () => Date.UTC(2030, 0, 2),
      log: quietLogger,
    };
  }

  async #archive<T>(id: string, consume: (archive: WorkspaceArchive) => Promise<T>): Promise<T> {
    const content = this.workspaces.get(id);
    const broken = this.broken.get(id);
    if (broken !== undefined) throw broken;
    if (content === undefined) throw notFound('workspace');
    const bytes = (async function* () {
      yield content;
    })();
    return consume({ bytes, facts: () => ({ ...facts(content), entryCount: 1 }) });
  }

  /** Makes a backup; with keys it takes a while. */
  async backUp({ hasKeys = false, sources = this.sources } = {}): Promise<void> {
    const keys = hasKeys ? await sealKeys(await collectKeys(this.dataDir), PASSPHRASE) : undefined;
    const { signal } = new AbortController();
    await pipeline(writeBackup(sources, { keys, signal }), createWriteStream(this.file));
  }

  /** How a backup is restored to {@link target}. */
  restoring(options: Partial<RestoreOptions> = {}): RestoreOptions {
    return { ...restoringTo(this.target), ...options };
  }

  restored(path: string): Promise<string> {
    return readFile(join(this.target, path), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

const facts = (content: Buffer) => ({
  sizeBytes: content.byteLength,
  contentBytes: content.byteLength,
  sha256: sha256(content),
  fileCount: 1,
  warnings: [],
  baseImage: IMAGE,
});

/** How a backup is restored to a directory, without keys and told of to nobody. */
export const restoringTo = (dataDir: string): RestoreOptions => ({
  dataDir,
  keys: undefined,
  instanceId: undefined,
  databasePath: 'sandboxd.db',
  openDatabase: (path) => openFileStore(path),
  workspacesIn: (directory) => new AdoptedWorkspaces(directory),
  snapshotsIn: () => new MemorySnapshots(),
  onProgress: () => {},
  onWarning: () => {},
  signal: new AbortController().signal,
});
