import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { exportTree } from '../../src/archive/archive-tree.ts';
import { type ArchivedTree, run } from './archived-tree.ts';

/** A tree's app as it is exported, in memory. */
export async function exportedOf(tree: ArchivedTree, layers: readonly string[] = []): Promise<Buffer> {
  const directory = await mkdtemp(join(tree.root, 'staging-'));
  const staging = { directory, syncedAt: Date.now() - 60_000 };
  const roots = [tree.home, ...layers];
  await using exported = await exportTree({ roots, staging }, { freeze: (work) => work() });
  const parts: Uint8Array[] = [];
  for (let next = await exported.bytes.next(); next.done !== true; next = await exported.bytes.next()) {
    parts.push(next.value);
  }
  return Buffer.concat(parts);
}

/** What another program makes of a zip archive, in a directory of its own below the tree's. */
export async function unzipped(tree: ArchivedTree, zip: Uint8Array): Promise<string> {
  const file = join(tree.root, 'app.zip');
  const to = join(tree.root, 'unzipped');
  await writeFile(file, zip);
  await mkdir(to);
  await run('unzip', ['-q', file, '-d', to]);
  return to;
}

interface Member {
  readonly name: string;
  readonly content: Buffer;
}

/** The members of a zip archive without compression, by the list at its end. */
function* membersOf(zip: Buffer): Generator<Member> {
  const end = zip.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  if (end === -1) throw new Error('The zip archive ends midway.');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const content = zip.subarray(start, start + zip.readUInt32LE(at + 24));
    if (crc32(content) !== zip.readUInt32LE(at + 16))
      throw new Error('A file in the zip archive is damaged.');
    yield {
      name: zip.toString('utf8', at + 46, at + 46 + name),
      content,
    };
    at += 46 + name + extra + comment;
  }
}

/** The names in a zip archive, sorted. */
export const zipListing = (zip: Buffer): string[] => [...membersOf(zip)].map(({ name }) => name).toSorted();

/** The text of everything in a zip archive, of links what they point at. @throws for content that its checksum is not of */
export const zipContents = (zip: Buffer): Record<string, string> =>
  Object.fromEntries([...membersOf(zip)].map(({ name, content }) => [name, content.toString()]));
