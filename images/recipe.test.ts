import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AGENT_IDS, type AgentId, CODING_AGENTS } from '../src/domain/coding-agent.ts';
import { TEMPLATES } from '../src/domain/preset.ts';
import { readRecipes, type Recipes } from './recipe.ts';

let directory: string;
let entry: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-recipe-'));
  entry = join(directory, 'main.ts');
  await writeFile(entry, "console.log('one' satisfies string);\n");
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

it('names the same images every time', async () => {
  const [first, second] = [await readRecipes(AGENT_IDS, entry), await readRecipes(AGENT_IDS, entry)];
  expect(second.base.tag).toBe(first.base.tag);
  expect(first.base.tag).toMatch(/^sandboxd\/base:[0-9a-f]{12}$/);
  expect(first.toolchain.tag).toMatch(/^sandboxd\/toolchain:[0-9a-f]{12}$/);
});

it('makes a changed supervisor a new image on the same toolchain', async () => {
  const before = await readRecipes(AGENT_IDS, entry);
  await writeFile(entry, "console.log('two');\n");
  const after = await readRecipes(AGENT_IDS, entry);
  expect(after.base.tag).not.toBe(before.base.tag);
  expect(after.toolchain.tag).toBe(before.toolchain.tag);
});

it('bundles the supervisor as plain JavaScript', async () => {
  const { base } = await readRecipes(AGENT_IDS, entry);
  const bundle = base.files.find(({ name }) => name === 'runtimed/runtimed.mjs');
  const text = Buffer.from(bundle?.source as Uint8Array).toString();
  expect(text).toMatch(/console\.log\(["']one["']\)/);
});

it('keeps what the supervisor loads later out of what a boot reads', async () => {
  await writeFile(join(directory, 'later.ts'), "export const later = 'on demand';\n");
  await writeFile(entry, "console.log((await import('./later.ts')).later);\n");
  const { base } = await readRecipes(AGENT_IDS, entry);
  const texts = new Map(
    base.files.map(({ name, source }) => [name, Buffer.from(source as Uint8Array).toString()]),
  );
  const [name = '', text] = [...texts].find(([file]) => file.includes('later')) ?? [];
  expect(name).toMatch(/^runtimed\/later-\w+\.mjs$/);
  expect(text).toContain('on demand');
  expect(texts.get('runtimed/runtimed.mjs')).toContain(`import("./${name.slice('runtimed/'.length)}")`);
  expect(texts.get('runtimed/runtimed.mjs')).not.toContain('on demand');
});

it('has a starter for every template of the presets', async () => {
  const { toolchain } = await readRecipes(AGENT_IDS, entry);
  for (const template of TEMPLATES) {
    expect(toolchain.files.some(({ name }) => name.startsWith(`templates/${template}/`))).toBe(true);
  }
});

it('tells what a broken supervisor is broken by', async () => {
  await writeFile(entry, "import './missing.ts';\n");
  await expect(readRecipes(AGENT_IDS, entry)).rejects.toThrow('missing.ts');
});

it('has an image of its own for every set of agents, on the same toolchain', async () => {
  const sets: AgentId[][] = [[], ['opencode'], ['codex'], [...AGENT_IDS]];
  const recipes = await Promise.all(sets.map((agents) => readRecipes(agents, entry)));
  const different = (of: (recipes: Recipes) => string | undefined) => new Set(recipes.map(of)).size;
  expect(different(({ toolchain }) => toolchain.tag)).toBe(1);
  expect(different(({ agents }) => agents?.tag)).toBe(sets.length);
  expect(different(({ agents }) => agents?.packages)).toBe(sets.length);
  expect(different(({ base }) => base.tag)).toBe(sets.length);
  expect(recipes[0]?.agents).toBeUndefined();
});

it('makes a changed supervisor no new image of agents', async () => {
  const before = await readRecipes(AGENT_IDS, entry);
  await writeFile(entry, "console.log('two');\n");
  expect((await readRecipes(AGENT_IDS, entry)).agents?.tag).toBe(before.agents?.tag);
});

it('names a package by its digest for every kind of machine, and nothing but those', async () => {
  const { agents } = await readRecipes(AGENT_IDS, entry);
  for (const id of AGENT_IDS) {
    const lock = agents?.files.find(({ name }) => name === `packages/${id}/pnpm-lock.yaml`);
    const text = Buffer.from(lock?.source as Uint8Array).toString();
    const machines = [...text.matchAll(/integrity: sha512-\S+\}\n(?: .*\n)*? {4}cpu: \[(\w+)\]/g)].map(
      ([, cpu]) => cpu,
    );
    expect(machines).toEqual(['arm64', 'x64']);
    expect(text).not.toContain('requiresBuild');
  }
});

it('gives every agent a program of the name that sandboxd calls it by', async () => {
  const { agents } = await readRecipes(AGENT_IDS, entry);
  for (const { id, program } of CODING_AGENTS) {
    const file = agents?.files.find(({ name }) => name === `packages/${id}/program`);
    expect(Buffer.from(file?.source as Uint8Array).toString()).toMatch(new RegExp(`^${program} \\S+\n$`));
  }
});
