import { join } from 'node:path';
import type { Installation } from '../../tests/harness/installation.ts';
import { median, timed } from '../measure.ts';
import { freezes } from './freezes.ts';
import { grow, LARGE, SCATTERED, type Tree, tarZstd } from './tree.ts';

const ROUNDS = 5;

export interface CaptureMeasured {
  readonly tree: string;
  readonly floor: number;
  readonly captured: number;
}

/** Of a sandbox that sleeps, from the request to the answer that it is ready. */
export async function measureCapture(site: Installation): Promise<CaptureMeasured[]> {
  const rows: CaptureMeasured[] = [];
  for (const tree of [LARGE, SCATTERED]) {
    await using app = await GrownApp.make(site, tree);
    const [floor, captured]: [number[], number[]] = [[], []];
    // The first of each reads what the next ones find in memory, and counts for neither.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const times = [
        await timed(() => tarZstd(app.home)),
        await timed(() => app.capture({ live: false })),
      ] as const;
      if (round === 0) continue;
      floor.push(times[0]);
      captured.push(times[1]);
    }
    rows.push({ tree: tree.name, floor: median(floor), captured: median(captured) });
  }
  return rows;
}

/** By the engine's own account of pause and unpause, the longest of all rounds. */
export async function measureFreeze(site: Installation): Promise<number> {
  await using app = await GrownApp.make(site, LARGE);
  await app.start();
  const spans: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await using watch = await freezes(site.docker);
    await app.capture({ live: true });
    spans.push(await watch.span());
  }
  return Math.max(...spans);
}

/** An app with a tree in it, put to sleep. */
class GrownApp implements AsyncDisposable {
  readonly home: string;
  readonly #site: Installation;
  readonly #app: string;
  readonly #sandbox: string;

  private constructor(site: Installation, app: string, sandbox: string) {
    this.#site = site;
    this.#app = app;
    this.#sandbox = sandbox;
    this.home = join(site.dataDir, 'sandboxes', sandbox, 'home');
  }

  static async make(site: Installation, tree: Tree): Promise<GrownApp> {
    const { id } = await site.json<{ id: string }>('POST', '/v1/apps', { name: tree.name });
    const sandbox = await site.json<{ id: string }>('POST', `/v1/apps/${id}/sandbox`);
    const app = new GrownApp(site, id, sandbox.id);
    await site.json('POST', `/v1/sandboxes/${sandbox.id}/stop`);
    await grow(app.home, tree);
    return app;
  }

  async start(): Promise<void> {
    await this.#site.json('POST', `/v1/sandboxes/${this.#sandbox}/start`);
  }

  async capture({ live }: { live: boolean }): Promise<void> {
    const input = { source_sandbox_id: this.#sandbox, name: 'bench', live };
    const { id, status } = await this.#site.json<{ id: string; status: string }>(
      'POST',
      '/v1/snapshots',
      input,
    );
    if (status !== 'ready') throw new Error(`The capture is ${status}.`);
    await this.#site.json('DELETE', `/v1/snapshots/${id}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site.json('DELETE', `/v1/apps/${this.#app}`);
  }
}
