import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { visitUntil } from './http.ts';
import type { Installation } from './installation.ts';

export interface SandboxAnswer {
  readonly id: string;
  readonly status: string;
  readonly preview: { readonly url: string };
}

export interface SnapshotAnswer {
  readonly id: string;
  readonly name: string;
  readonly status: 'capturing' | 'ready' | 'failed';
  readonly cause: 'manual' | 'safety';
  readonly parent_snapshot_id?: string;
  readonly error_message?: string;
  readonly warnings?: readonly string[];
  readonly file_count?: number;
}

/** Of what lies in `limbo`: dependencies on their way, and no copy that is held for somebody. */
export const isLayer = (name: string): boolean => name.startsWith('layer-');

const PREVIEW_MS = 30_000;
/** What the web page of the app answers its visitors with. */
const PAGE = 'public/index.html';

/** An app whose page is one file, and what is done with its snapshots. */
export class SnapshotDesk {
  readonly site: Installation;
  readonly app: string;

  private constructor(site: Installation, app: string) {
    this.site = site;
    this.app = app;
  }

  static async make(site: Installation, name = 'Copied'): Promise<SnapshotDesk> {
    const { id } = await site.json<{ id: string }>('POST', '/v1/apps', {
      name,
      runtime_preset: 'node-express',
    });
    await site.json('POST', `/v1/apps/${id}/sandbox`);
    const desk = new SnapshotDesk(site, id);
    await desk.serves();
    return desk;
  }

  of(app: string): SnapshotDesk {
    return new SnapshotDesk(this.site, app);
  }

  async sandboxId(): Promise<string> {
    const app = await this.site.json<{ current_sandbox_id: string }>('GET', `/v1/apps/${this.app}`);
    return app.current_sandbox_id;
  }

  async sandbox(): Promise<SandboxAnswer> {
    return this.site.json('GET', `/v1/sandboxes/${await this.sandboxId()}`);
  }

  async write(path: string, content: string): Promise<void> {
    await this.site.json('PUT', `/v1/sandboxes/${await this.sandboxId()}/files`, { path, content });
  }

  async says(text: string): Promise<void> {
    await this.write(PAGE, text);
  }

  /** What a visitor reads, once the app answers. */
  async serves(): Promise<string> {
    const { preview } = await this.sandbox();
    return (await visitUntil(200, preview.url, PREVIEW_MS)).text;
  }

  async exec(script: string): Promise<string> {
    const path = `/v1/sandboxes/${await this.sandboxId()}/exec`;
    const answer = await this.site.json<{ exit_code: number; stdout: string; stderr: string }>('POST', path, {
      cmd: ['bash', '-c', script],
    });
    if (answer.exit_code !== 0) throw new Error(`${script}: ${answer.stdout}${answer.stderr}`);
    return answer.stdout;
  }

  async stop(): Promise<void> {
    await this.site.json('POST', `/v1/sandboxes/${await this.sandboxId()}/stop`);
  }

  async capture(name: string, live = true): Promise<SnapshotAnswer> {
    const input = { source_sandbox_id: await this.sandboxId(), name, live };
    return this.site.json('POST', '/v1/snapshots', input);
  }

  restore = (snapshot: string): Promise<SandboxAnswer> =>
    this.site.json('POST', `/v1/apps/${this.app}/restore`, { snapshot_id: snapshot });

  async fork(snapshot: string, name?: string): Promise<SnapshotDesk> {
    const made = await this.site.json<{ app: { id: string } }>('POST', `/v1/apps/${this.app}/fork`, {
      snapshot_id: snapshot,
      name,
    });
    return this.of(made.app.id);
  }

  async history(): Promise<readonly SnapshotAnswer[]> {
    const path = `/v1/apps/${this.app}/snapshots`;
    return (await this.site.json<{ snapshots: SnapshotAnswer[] }>('GET', path)).snapshots;
  }

  async events(): Promise<string[]> {
    const path = `/v1/apps/${this.app}/events?limit=200`;
    const { events } = await this.site.json<{ events: { type: string }[] }>('GET', path);
    return events.map(({ type }) => type);
  }

  async delete(): Promise<void> {
    await this.site.json('DELETE', `/v1/apps/${this.app}?snapshots=delete`);
  }
}

/** What lies on the node's disk: names, sorted. */
export async function onDisk(site: Installation): Promise<{ workspaces: string[]; archives: string[] }> {
  const names = async (directory: string) =>
    (await readdir(join(site.dataDir, directory))).filter((name) => !name.startsWith('.')).toSorted();
  return { workspaces: await names('sandboxes'), archives: await names('snapshots') };
}

/** Deletes all apps with their snapshots. @throws when anything of them is left */
export async function clearAway(site: Installation): Promise<void> {
  const { apps } = await site.json<{ apps: { id: string }[] }>('GET', '/v1/apps');
  await Promise.all(apps.map(({ id }) => site.json('DELETE', `/v1/apps/${id}?snapshots=delete`)));
  const { workspaces, archives } = await onDisk(site);
  const { containers, volumes } = await site.inEngine();
  const left = [...workspaces, ...archives, ...containers, ...volumes];
  if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}.`);
}
