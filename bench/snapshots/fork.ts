import { setTimeout as pause } from 'node:timers/promises';
import type { Installation } from '../../tests/harness/installation.ts';
import { answers, median } from '../measure.ts';

const ROUNDS = 5;
/** Between two rounds, so that what follows a create is over: orders come one by one, as people make them. */
const PAUSE_MS = 5000;
/** Those that have dependencies to bring along and a page to look at. */
const FORKED = ['react-vite', 'nextjs', 'node-express', 'fastapi'];

export interface ForkMeasured {
  readonly preset: string;
  readonly created: number;
  readonly forked: number;
}

interface Made {
  readonly app: string;
  readonly sandbox: string;
  readonly took: number;
}

/** From the order to the first good answer. */
export async function measureFork(site: Installation): Promise<ForkMeasured[]> {
  const rows: ForkMeasured[] = [];
  for (const preset of FORKED) rows.push(await measure(site, preset));
  return rows;
}

async function measure(site: Installation, preset: string): Promise<ForkMeasured> {
  const source = await create(site, preset);
  const input = { source_sandbox_id: source.sandbox, name: 'bench', live: true };
  const snapshot = await site.json<{ id: string }>('POST', '/v1/snapshots', input);
  await site.json('POST', `/v1/sandboxes/${source.sandbox}/stop`);
  const [created, forked]: [number[], number[]] = [[], []];
  // The first of each pays for what is made once per machine, and counts for neither.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [times, make] of [
      [created, () => create(site, preset)],
      [forked, () => fork(site, source.app, snapshot.id)],
    ] as const) {
      await pause(PAUSE_MS);
      const { app, took } = await make();
      if (round > 0) times.push(took);
      await site.json('DELETE', `/v1/apps/${app}`);
    }
  }
  await site.json('DELETE', `/v1/apps/${source.app}?snapshots=delete`);
  return { preset, created: median(created), forked: median(forked) };
}

async function create(site: Installation, preset: string): Promise<Made> {
  const app = await site.json<{ id: string }>('POST', '/v1/apps', { name: 'bench', runtime_preset: preset });
  const began = performance.now();
  const sandbox = await site.json<SandboxMade>('POST', `/v1/apps/${app.id}/sandbox`);
  await answers(sandbox.preview.url);
  return { app: app.id, sandbox: sandbox.id, took: performance.now() - began };
}

async function fork(site: Installation, source: string, snapshot: string): Promise<Made> {
  const began = performance.now();
  const made = await site.json<{ app: { id: string }; sandbox: SandboxMade }>(
    'POST',
    `/v1/apps/${source}/fork`,
    { snapshot_id: snapshot },
  );
  await answers(made.sandbox.preview.url);
  return { app: made.app.id, sandbox: made.sandbox.id, took: performance.now() - began };
}

interface SandboxMade {
  readonly id: string;
  readonly preview: { readonly url: string };
}
