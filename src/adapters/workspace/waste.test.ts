import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../tests/fakes/rows.ts';
import { WorkspaceWaste } from './waste.ts';

const DAY_MS = 24 * 3600 * 1000;
const LOOK = { dryRun: true, trash: false };
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

let directory: string;
let waste: WorkspaceWaste;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-waste-'));
  waste = new WorkspaceWaste(directory, () => Date.now());
  await mkdir(join(directory, 'limbo'));
});
afterEach(() => rm(directory, { recursive: true }));

async function layer(letter: string, template: string): Promise<string> {
  const name = `${letter.repeat(16)}/${template}`;
  await mkdir(join(directory, 'layers', name), { recursive: true });
  await writeFile(join(directory, 'layers', name, 'file'), 'prepared');
  return name;
}

async function workspace(letter: string, template: string, where = `sandboxes/${newId()}`): Promise<void> {
  await mkdir(join(directory, where), { recursive: true });
  const record = { version: 1, kind: 'overlay', imageDigest: digest(letter), template };
  await writeFile(join(directory, where, 'workspace.json'), JSON.stringify(record));
}

describe('Layers', () => {
  it('are garbage when no workspace lies upon them and no new one will', async () => {
    await layer('a', 'unused-of-the-current-image');
    await layer('b', 'used');
    await layer('c', 'in-the-trash');
    const gone = [await layer('b', 'unused'), await layer('d', 'unused')];
    await workspace('b', 'used');
    await workspace('c', 'in-the-trash', `trash/${newId()}-${Date.now()}`);
    const found = await waste.unusedLayers(async () => digest('a')).find(LOOK);
    expect(found.map(({ name }) => name).toSorted()).toEqual(gone.toSorted());
    expect(found.every(({ sizeBytes = 0, ageMs = -1 }) => sizeBytes > 0 && ageMs >= 0)).toBe(true);
    for (const { remove } of found) await remove?.();
    expect((await readdir(join(directory, 'layers'))).toSorted()).toEqual(
      ['a', 'b', 'c'].map((letter) => letter.repeat(16)),
    );
    expect(await readdir(join(directory, 'limbo'))).toEqual([]);
  });

  it('that are missing below a workspace are still to be taken from their image', async () => {
    await layer('b', 'there');
    await workspace('b', 'there');
    await workspace('c', 'missing');
    expect(await waste.withoutLayer()).toEqual([{ imageDigest: digest('c'), template: 'missing' }]);
  });

  it('are none where nothing was ever made', async () => {
    expect(await waste.unusedLayers(async () => digest('a')).find(LOOK)).toEqual([]);
    expect(await waste.trash().find(LOOK)).toEqual([]);
  });
});

describe('The trash', () => {
  it('is emptied of what is old, or of everything', async () => {
    const [old, young] = [`${newId()}-${Date.now() - 7 * DAY_MS}`, `${newId()}-${Date.now() - 6 * DAY_MS}`];
    for (const name of [old, young]) await workspace('a', 'any', `trash/${name}`);
    const found = await waste.trash().find(LOOK);
    expect(found.map(({ name }) => name)).toEqual([old]);
    const all = await waste.trash().find({ ...LOOK, trash: true });
    expect(all.map(({ name }) => name).toSorted()).toEqual([old, young].toSorted());
    for (const { remove } of found) await remove?.();
    expect(await readdir(join(directory, 'trash'))).toEqual([young]);
  });
});
