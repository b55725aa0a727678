import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfiguredKeyRing, FileKeyRing } from './key-ring.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const SECRET = 'test-key-not-real';
const CONTEXT = ['config', 'an app'];

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let file: string;

beforeEach(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'key-ring-'));
  file = join(directory.path, 'keys', 'secrets');
});
afterEach(() => directory.remove());

const lines = async () => (await readFile(file, 'utf8')).split('\n');

async function withFile(content: string): Promise<FileKeyRing> {
  await mkdir(join(directory.path, 'keys'));
  await writeFile(file, content);
  return FileKeyRing.open(file, []);
}

describe('Keys in a file', () => {
  it('begin with one that is made once, however many start at the same moment, for its owner alone', async () => {
    const rings = await Promise.all(Array.from({ length: 5 }, () => FileKeyRing.open(file, [])));
    expect(new Set(await Promise.all(rings.map((ring) => ring.currentId()))).size).toBe(1);
    expect(await lines()).toEqual([expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/)]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('are renewed: the new one first, on the disk, and what the old one sealed opens', async () => {
    const ring = await FileKeyRing.open(file, []);
    const [first] = await lines();
    const sealed = await ring.box.seal(SECRET, CONTEXT);
    await ring.renew();
    expect(await lines()).toEqual([expect.not.stringContaining(first ?? ''), first]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await ring.box.isCurrent(sealed)).toBe(false);
    expect(await ring.box.open(sealed, CONTEXT)).toBe(SECRET);
    const later = await FileKeyRing.open(file, []);
    expect(await later.box.open(sealed, CONTEXT)).toBe(SECRET);
    expect(await later.currentId()).toBe(await ring.currentId());
  });

  it('are forgotten but for the current one', async () => {
    const ring = await FileKeyRing.open(file, []);
    const sealed = await ring.box.seal(SECRET, CONTEXT);
    await ring.renew();
    await ring.renew();
    expect(await lines()).toHaveLength(3);
    await ring.forgetPrevious();
    expect(await lines()).toHaveLength(1);
    for (const { box } of [ring, await FileKeyRing.open(file, [])])
      await expect(box.open(sealed, CONTEXT)).rejects.toMatchObject({ reason: 'other_key' });
  });

  it('stay as they are when the new one cannot be written', async () => {
    const ring = await FileKeyRing.open(file, []);
    const sealed = await ring.box.seal(SECRET, CONTEXT);
    await directory.remove();
    await expect(ring.renew()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await ring.box.isCurrent(sealed)).toBe(true);
    directory = await mkdtempDisposable(join(tmpdir(), 'key-ring-'));
  });

  it('open also what those have sealed that the configuration names, which are not written down', async () => {
    const { box } = new ConfiguredKeyRing({ current: keyOf(7), previous: [] });
    const sealed = await box.seal(SECRET, CONTEXT);
    const ring = await FileKeyRing.open(file, [keyOf(7)]);
    await ring.renew();
    await ring.forgetPrevious();
    expect(await ring.box.open(sealed, CONTEXT)).toBe(SECRET);
    expect(ring.named).toBe(1);
    expect(await readFile(file, 'utf8')).not.toContain(keyOf(7));
  });

  it('are read with a line break at the end, as an editor leaves it', async () => {
    const ring = await withFile(`${keyOf(1)}\r\n${keyOf(2)}\n`);
    const { box } = new ConfiguredKeyRing({ current: keyOf(2), previous: [] });
    expect(await ring.box.open(await box.seal(SECRET, CONTEXT), CONTEXT)).toBe(SECRET);
  });

  it.each(['', 'nonsense', `${keyOf(1)}\nnonsense`])(
    'are refused as %j, without repeating it',
    async (content) => {
      const failure = withFile(content);
      await expect(failure).rejects.toThrow(file);
      await expect(failure).rejects.not.toThrow(keyOf(1));
    },
  );

  it('leave nothing half-written behind a crash', async () => {
    await mkdir(join(directory.path, 'keys'));
    await writeFile(`${file}.b1946ac9.tmp`, keyOf(3));
    await writeFile(join(directory.path, 'keys', 'preview'), keyOf(4));
    await FileKeyRing.open(file, []);
    expect((await readdir(join(directory.path, 'keys'))).toSorted()).toEqual(['preview', 'secrets']);
  });
});

describe("An operator's keys", () => {
  it('are changed by the operator alone', async () => {
    const ring = new ConfiguredKeyRing({ current: keyOf(1), previous: [keyOf(2), keyOf(3)] });
    const before = await ring.currentId();
    await ring.renew();
    await ring.forgetPrevious();
    expect([await ring.currentId(), ring.named]).toEqual([before, 2]);
  });
});
