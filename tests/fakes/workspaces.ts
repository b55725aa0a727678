import { createHash } from 'node:crypto';
import { fileErrors, type SandboxFiles, type FileQuery } from '../../src/domain/files.ts';
import { invalid, notFound } from '../../src/domain/errors.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { orAborted } from '../../src/domain/pause.ts';
import type { TaskFile } from '../../src/domain/task.ts';
import type {
  ArchivedContent,
  ArchiveFacts,
  ArchiveOptions,
  ExportOptions,
  PreparedWorkspace,
  WorkspaceArchive,
  WorkspaceKind,
  Workspaces,
  WorkspaceSource,
} from '../../src/domain/workspace.ts';
import { FakeTasks } from './fake-tasks.ts';
import { zipped } from './zipped.ts';

/** Workspaces in memory. Files survive as long as the object does, whatever becomes of an agent. */
export class FakeWorkspaces implements Workspaces {
  readonly trash: string[] = [];
  /** Called midway through each archive, while a sandbox that runs stands still for it: to make it wait, or fail. */
  onArchive: (sandboxId: string) => Promise<void> | void = () => undefined;
  /** Called before content is laid out: to refuse it. */
  onUnpack: (sandboxId: string) => void = () => undefined;
  readonly #homes = new Map<string, Map<string, Uint8Array>>();
  readonly #images = new Map<string, string>();
  readonly #tasks = new Map<string, FakeTasks>();

  async open(): Promise<void> {}

  async kind(): Promise<WorkspaceKind> {
    return 'directory';
  }

  async warm(): Promise<void> {}

  async prepare(
    sandboxId: string,
    { imageDigest }: WorkspaceSource,
    content?: () => Promise<ArchivedContent>,
  ): Promise<PreparedWorkspace> {
    if (!this.#homes.has(sandboxId)) {
      if (content !== undefined) this.onUnpack(sandboxId);
      const files = content === undefined ? new Map<string, Uint8Array>() : await unpacked(await content());
      this.#images.set(sandboxId, imageDigest);
      this.#homes.set(sandboxId, files);
    }
    return this.find(sandboxId);
  }

  async archive(sandboxId: string, options: ArchiveOptions): Promise<WorkspaceArchive> {
    const home = this.#homes.get(sandboxId);
    if (home === undefined) throw notFound('workspace');
    const { freeze, signal = new AbortController().signal } = options;
    const copy = async () => {
      await orAborted(Promise.resolve(this.onArchive(sandboxId)), signal);
      signal.throwIfAborted();
      const archive = packed(home);
      return { archive, facts: factsOf(home, archive, this.#images.get(sandboxId) ?? '') };
    };
    const aside = await freeze?.(copy);
    let facts: ArchiveFacts | undefined;
    return {
      bytes: (async function* () {
        const copied = aside ?? (await copy());
        signal.throwIfAborted();
        const { fileCount: files, contentBytes: bytes } = copied.facts;
        options.onProgress?.({ files, bytes });
        yield copied.archive;
        ({ facts } = copied);
      })(),
      facts: () => {
        if (facts === undefined) throw new Error('the bytes have not ended');
        return facts;
      },
    };
  }

  async export(
    sandboxId: string,
    { freeze, signal = new AbortController().signal }: ExportOptions,
  ): Promise<AsyncIterableIterator<Uint8Array, undefined>> {
    const home = this.#homes.get(sandboxId);
    if (home === undefined) throw notFound('workspace');
    const app = await freeze(async () => {
      await orAborted(Promise.resolve(this.onArchive(sandboxId)), signal);
      signal.throwIfAborted();
      return zipped(home);
    });
    return app.values();
  }

  async find(sandboxId: string): Promise<PreparedWorkspace> {
    if (!this.#homes.has(sandboxId)) throw notFound('workspace');
    return {
      home: { kind: 'bind', path: `/fake/${sandboxId}/home` },
      controlDirectory: `/fake/${sandboxId}/run`,
      providerDirectory: `/fake/${sandboxId}/provider`,
    };
  }

  async remove(sandboxId: string): Promise<void> {
    this.#homes.delete(sandboxId);
    this.#tasks.delete(sandboxId);
  }

  async moveToTrash(sandboxId: string): Promise<void> {
    if (this.#homes.delete(sandboxId)) this.trash.push(sandboxId);
  }

  async emptyTrash(): Promise<number> {
    return 0;
  }

  async list(): Promise<string[]> {
    return [...this.#homes.keys()];
  }

  async usage(sandboxId: string): Promise<number> {
    return [...(this.#homes.get(sandboxId)?.values() ?? [])].reduce(
      (sum, bytes) => sum + bytes.byteLength,
      0,
    );
  }

  /** What runtimed knows of a sandbox's tasks. */
  tasks(sandboxId: string): FakeTasks {
    const tasks = this.#tasks.get(sandboxId) ?? new FakeTasks();
    this.#tasks.set(sandboxId, tasks);
    return tasks;
  }

  async taskFile(sandboxId: string, taskId: string, file: TaskFile): Promise<Uint8Array | undefined> {
    if (!this.#homes.has(sandboxId)) throw notFound('workspace');
    return this.tasks(sandboxId).file(taskId, file);
  }

  files(sandboxId: string): SandboxFiles {
    const home = () => {
      const found = this.#homes.get(sandboxId);
      if (found === undefined) throw notFound('workspace');
      return found;
    };
    return {
      list: async ({ path, root, recursive }) => {
        const prefix = at({ path, root });
        const names = [...home().keys()].filter((name) => name.startsWith(prefix));
        const entries = names.map((name) => ({
          path: name.slice(at({ path: '', root }).length),
          type: 'file' as const,
        }));
        return { path, recursive, entries };
      },
      read: async (query) => {
        const bytes = home().get(at(query));
        if (bytes === undefined) throw fileErrors.absent();
        return bytes;
      },
      write: async (query, body) => void home().set(at(query), body),
      delete: async (query) => {
        if (!home().delete(at(query))) throw fileErrors.absent();
      },
    };
  }
}

const at = ({ path, root }: FileQuery): string => (root === 'app' ? `${APP_DIRECTORY}/${path}` : path);

const packed = (home: ReadonlyMap<string, Uint8Array>): Uint8Array =>
  Buffer.from(
    JSON.stringify([...home].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')])),
  );

const factsOf = (
  home: ReadonlyMap<string, Uint8Array>,
  archive: Uint8Array,
  baseImage: string,
): ArchiveFacts => ({
  sizeBytes: archive.byteLength,
  sha256: sha256Of(archive),
  contentBytes: [...home.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0),
  fileCount: home.size,
  entryCount: home.size,
  warnings: [],
  baseImage,
});

async function unpacked({ bytes, expected }: ArchivedContent): Promise<Map<string, Uint8Array>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  const archive = Buffer.concat(chunks);
  if (sha256Of(archive) !== expected.sha256) throw invalid('The archive is damaged.');
  const files = JSON.parse(archive.toString()) as [string, string][];
  return new Map(files.map(([path, content]) => [path, Buffer.from(content, 'base64')]));
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
