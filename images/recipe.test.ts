import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TEMPLATES } from '../src/domain/preset.ts';
import { readRecipes } from './recipe.ts';

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
  const [first, second] = [await readRecipes(entry), await readRecipes(entry)];
  expect(second.base.tag).toBe(first.base.tag);
  expect(first.base.tag).toMatch(/^sandboxd\/base:[0-9a-f]{12}$/);
  expect(first.toolchain.tag).toMatch(/^sandboxd\/toolchain:[0-9a-f]{12}$/);
});

it('makes a changed supervisor a new image on the same toolchain', async () => {
  const before = await readRecipes(entry);
  await writeFile(entry, "console.log('two');\n");
  const after = await readRecipes(entry);
  expect(after.base.tag).not.toBe(before.base.tag);
  expect(after.toolchain.tag).toBe(before.toolchain.tag);
});

it('bundles the supervisor as plain JavaScript', async () => {
  const { base } = await readRecipes(entry);
  const bundle = base.files.find(({ name }) => name === 'runtimed.mjs');
  const text = Buffer.from(bundle?.source as Uint8Array).toString();
  expect(text).toMatch(/console\.log\(["']one["']\)/);
});

it('has a starter for every template of the presets', async () => {
  const { toolchain } = await readRecipes(entry);
  for (const template of TEMPLATES) {
    expect(toolchain.files.some(({ name }) => name.startsWith(`templates/${template}/`))).toBe(true);
  }
});

it('tells what a broken supervisor is broken by', async () => {
  await writeFile(entry, "import './missing.ts';\n");
  await expect(readRecipes(entry)).rejects.toThrow('missing.ts');
});
