import { fileErrors, type SandboxFiles, type FileQuery } from '../../src/domain/files.ts';
import { notFound } from '../../src/domain/errors.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import type { PreparedWorkspace, WorkspaceKind, Workspaces } from '../../src/domain/workspace.ts';

/** Workspaces in memory. Files survive as long as the object does, whatever becomes of an agent. */
export class FakeWorkspaces implements Workspaces {
  readonly trash: string[] = [];
  readonly #homes = new Map<string, Map<string, Uint8Array>>();

  async open(): Promise<void> {}

  async kind(): Promise<WorkspaceKind> {
    return 'directory';
  }

  async warm(): Promise<void> {}

  async prepare(sandboxId: string): Promise<PreparedWorkspace> {
    if (!this.#homes.has(sandboxId)) this.#homes.set(sandboxId, new Map());
    return this.find(sandboxId);
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
