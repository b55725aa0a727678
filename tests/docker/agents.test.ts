import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureAgents, PACKAGES_LABEL } from '../../images/build-agents.ts';
import { type EnsuredImage, ensureImage } from '../../images/build.ts';
import { buildImage } from '../../images/engine-build.ts';
import { AGENTS_REPOSITORY, readRecipes } from '../../images/recipe.ts';
import { verifyImage } from '../../images/verify/verify.ts';
import { Client } from '../../runtimed/testing/client.ts';
import { until } from '../../runtimed/testing/until.ts';
import { loadConfig } from '../../src/config.ts';
import { AGENT_IDS, type AgentId, CODING_AGENTS } from '../../src/domain/coding-agent.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import { CONTROL_SOCKET, type RuntimeEnvironment } from '../../src/domain/runtimed.ts';
import { customImage, removeImage } from '../harness/custom-image.ts';
import { type TestInstance, startInstance } from './instance.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const signal = new AbortController().signal;
const newId = ulidSource();
const BUILD_LIMIT_MS = 600_000;
const LIMITS = { memoryBytes: 2 ** 31, cpus: 2, pids: 512, openFiles: 4096 };

const imageWith = (agents: readonly AgentId[]) =>
  ensureImage({ docker, network: config, agents, onProgress: () => {}, signal });

let full: EnsuredImage;
let slim: EnsuredImage;
let on: TestInstance;

beforeAll(async () => {
  // In turn: both stand on the same toolchain, which either builds where it is missing.
  full = await imageWith(AGENT_IDS);
  slim = await imageWith([]);
  on = await startInstance(full.id);
  await on.engine.ensureNetwork();
}, BUILD_LIMIT_MS);
afterAll(() => on?.[Symbol.asyncDispose]());

/** Runs commands in a sandbox as the node makes it, through its supervisor. */
async function startSandbox(image: string): Promise<Client> {
  const sandboxId = newId();
  const env: RuntimeEnvironment = {
    SANDBOXD_SANDBOX_ID: sandboxId,
    SANDBOXD_TEMPLATE: 'blank',
    SANDBOXD_PRESET: '',
    SANDBOXD_CONFIG: '',
  };
  const directories = await on.directories(sandboxId);
  await on.engine.create({ sandboxId, image, ...directories, env: { ...env }, limits: LIMITS });
  await on.engine.start(sandboxId);
  const client = new Client(join(directories.controlDirectory, CONTROL_SOCKET));
  await until(() => client.status());
  return client;
}

const inShell = (client: Client, script: string) => client.exec({ cmd: ['bash', '-lc', script] });

/** What the list of an agent's packages pins for this machine. */
async function pinnedVersion(id: AgentId): Promise<string | undefined> {
  const list = new URL(`../../images/agents/packages/${id}/package.json`, import.meta.url);
  const { optionalDependencies } = JSON.parse(await readFile(list, 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const [, spec = ''] =
    Object.entries(optionalDependencies).find(([name]) => name.endsWith(`-linux-${process.arch}`)) ?? [];
  return /\d+\.\d+\.\d+/.exec(spec)?.[0];
}

describe('a sandbox of the image with all coding agents', () => {
  let client: Client;
  beforeAll(async () => {
    client = await startSandbox(full.id);
  });

  it.each(CODING_AGENTS)('has $program, at the pinned version', async ({ id, program }) => {
    const { exit, stdout, stderr } = await inShell(client, `${program} --version`);
    expect({ exit, stderr }).toEqual({ exit: expect.objectContaining({ exit_code: 0 }), stderr: '' });
    expect(stdout.match(/\d+\.\d+\.\d+\S*/g)).toEqual([await pinnedVersion(id)]);
  });

  it('has what they search with, and cannot change their programs', async () => {
    expect((await inShell(client, 'rg --version')).stdout).toMatch(/^ripgrep \d/);
    const { exit, stderr } = await inShell(client, 'rm "$(command -v codex)"');
    expect(exit).toMatchObject({ exit_code: 1 });
    expect(stderr).toContain('Read-only');
  });
});

const layersOf = async (tag: string): Promise<string[]> =>
  (await docker.getImage(tag).inspect()).RootFS.Layers ?? [];

describe('an image without coding agents', () => {
  it('is fit, and another than the one with them', async () => {
    expect(slim.id).not.toBe(full.id);
    expect(slim.tag).not.toBe(full.tag);
    expect(await verifyImage(docker, slim.tag, signal)).toEqual([]);
  });

  it('shares every layer of the toolchain with the one that has them', async () => {
    const { toolchain } = await readRecipes([]);
    const shared = await layersOf(toolchain.tag);
    expect(shared.length).toBeGreaterThan(0);
    for (const { tag } of [slim, full]) {
      expect((await layersOf(tag)).slice(0, shared.length)).toEqual(shared);
    }
    // The supervisor and the name it goes by are all there is on top.
    expect(await layersOf(slim.tag)).toHaveLength(shared.length + 2);
  });

  it('has none of their programs in its sandboxes', async () => {
    const client = await startSandbox(slim.id);
    const programs = CODING_AGENTS.map(({ program }) => program).join(' ');
    const { stdout } = await inShell(client, `for p in ${programs}; do command -v $p; done; ls /opt`);
    expect(stdout.trim().split('\n')).toEqual(['layers', 'templates', 'toolchain']);
  });
});

it('the node knows which image offers which', async () => {
  expect(await on.engine.imageAgents(full.tag)).toEqual(new Set(AGENT_IDS));
  expect(await on.engine.imageAgents(slim.tag)).toEqual(new Set());
});

it('a new toolchain takes the programs over from the old one’s image, and downloads nothing', async () => {
  const { toolchain, agents } = await readRecipes(['opencode']);
  if (agents === undefined) throw new Error('no recipe');
  const [old, taken] = [randomUUID(), randomUUID()].map((id) => `${AGENTS_REPOSITORY}:test-${id}`);
  const packages = randomUUID();
  const dockerfile = `FROM ${toolchain.tag}\nRUN mkdir /opt/agents && echo here > /opt/agents/program\n`;
  const files = [{ name: 'Dockerfile', executable: false, source: Buffer.from(dockerfile) }];
  const labels = { [PACKAGES_LABEL]: packages };
  await using newer = await customImage(toolchain.tag, ['RUN touch /opt/newer']);
  try {
    const build = { tag: old ?? '', files, args: {}, labels, describe: () => undefined };
    await buildImage(docker, build, () => {}, signal);
    // There is nothing to download with.
    const recipe = { ...agents, tag: taken ?? '', packages, files: [] };
    const options = { docker, network: config, toolchain: newer.tag, onProgress: () => {}, signal };
    await ensureAgents(recipe, options);
    await using look = await customImage(taken ?? '', ['RUN ls /opt/newer && grep here /opt/agents/program']);
    expect(look.tag).toContain('sandboxd-test');
  } finally {
    for (const tag of [taken, old]) await removeImage(tag ?? '');
  }
});
