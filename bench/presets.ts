import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { readRecipes } from '../images/recipe.ts';
import { AGENT_IDS } from '../src/domain/coding-agent.ts';
import { defaultManifest } from '../src/domain/manifest.ts';
import { DEFAULT_PORT } from '../src/domain/sandbox.ts';
import { PRESETS, type Preset } from '../src/domain/preset.ts';
import { Installation } from '../tests/harness/installation.ts';
import { answers, median, until } from './measure.ts';
import { ByHand } from './presets/by-hand.ts';
import { verdict } from './verdict.ts';

const ROUNDS = 5;
/** How many times the floor a create may take, by median. */
const GOAL = 1.3;
/** Between two rounds, so that what follows a create is over: orders come one by one, as people make them. */
const PAUSE_MS = 5000;

interface Measured {
  readonly preset: Preset;
  readonly byHand: number;
  readonly created: number;
}

/**
 * From the order to the first good answer: a sandbox made through the API, beside the same dev server started by hand
 * with `docker run` on files that lie ready. In turns, so that what else the machine does falls on both alike.
 */
export async function run(): Promise<void> {
  await using site = await Installation.make();
  await site.up();
  const image = (await readRecipes(AGENT_IDS)).base.tag;
  const rows: Measured[] = [];
  console.log(
    `${'preset'.padEnd(14)}${'by hand'.padStart(10)}${'sandboxd'.padStart(10)}${'ratio'.padStart(8)}   (median of ${ROUNDS}, ms)`,
  );
  for (const preset of PRESETS) {
    const row = await measure(site, image, preset);
    rows.push(row);
    const ratio = (row.created / row.byHand).toFixed(2);
    console.log(
      `${preset.id.padEnd(14)}${row.byHand.toFixed(0).padStart(10)}${row.created.toFixed(0).padStart(10)}${ratio.padStart(8)}`,
    );
  }
  for (const { preset, byHand, created } of rows) {
    console.log(verdict(`${preset.id}: create → ready, times the floor`, created / byHand, { most: GOAL }));
  }
}

async function measure(site: Installation, image: string, preset: Preset): Promise<Measured> {
  await using floor = await ByHand.prepare(site.docker, image, preset);
  const hasPage = defaultManifest({ preset }).web !== undefined;
  const byHand: number[] = [];
  const created: number[] = [];
  // The first of each pays for what is made once per machine, and counts for neither.
  for (let round = 0; round <= ROUNDS; round += 1) {
    await pause(PAUSE_MS);
    const times = [await floor.run(hasPage ? serves : speaks), await create(site, preset, hasPage)] as const;
    if (round === 0) continue;
    byHand.push(times[0]);
    created.push(times[1]);
  }
  return { preset, byHand: median(byHand), created: median(created) };
}

async function create(site: Installation, preset: Preset, hasPage: boolean): Promise<number> {
  const app = await site.json<{ id: string }>('POST', '/v1/apps', {
    name: 'bench',
    runtime_preset: preset.id,
  });
  const began = performance.now();
  const made = await site.json<{ id: string; preview: { url: string } }>(
    'POST',
    `/v1/apps/${app.id}/sandbox`,
  );
  if (hasPage) await answers(made.preview.url);
  else await until(async () => (await linesOf(site, made.id)) > 0);
  const took = performance.now() - began;
  await site.json('DELETE', `/v1/apps/${app.id}`);
  return took;
}

async function linesOf(site: Installation, id: string): Promise<number> {
  const { status, text } = await site.api('GET', `/v1/sandboxes/${id}/processes/worker/logs`);
  return status === 200 ? (JSON.parse(text) as { lines: string[] }).lines.length : 0;
}

async function serves(container: Docker.Container): Promise<void> {
  const { NetworkSettings } = await container.inspect();
  const url = `http://${NetworkSettings.Networks['bridge']?.IPAddress}:${DEFAULT_PORT}/`;
  await until(async () => (await fetch(url)).status === 200);
}

async function speaks(container: Docker.Container): Promise<void> {
  await until(async () => (await container.logs({ stdout: true })).length > 0);
}
