import { createReadStream } from 'node:fs';
import { opendir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteSearch, type Found } from './byte-search.ts';
import { unwrapped } from './contents.ts';
import { needlesOf, type Secret } from './needles.ts';

export interface Leak extends Found {
  readonly place: string;
}

/** What kind of place something was found in. */
export type Kind = 'answer' | 'stream' | 'request' | 'output' | 'engine' | 'file';

interface Piece {
  readonly kind: Kind;
  readonly place: string;
  readonly bytes: Buffer;
}

/** Bytes. Larger files are read in pieces. */
const LARGE = 4 * 1024 * 1024;

/** Everything that a product has told or left somewhere, to be searched once all of its secrets are known. */
export class Evidence {
  readonly #kept: Piece[] = [];
  /** How many places of each kind were searched; what is packed in a file is a place of its own. */
  readonly searched: Record<Kind, number> = {
    answer: 0,
    stream: 0,
    request: 0,
    output: 0,
    engine: 0,
    file: 0,
  };
  /** Where files were found, also packed ones. */
  readonly files: string[] = [];

  keep(kind: Kind, place: string, content: string | Uint8Array): void {
    this.#kept.push({ kind, place, bytes: Buffer.from(content) });
  }

  places(kind: Kind): string[] {
    return this.#kept.filter((piece) => piece.kind === kind).map(({ place }) => place);
  }

  /** Where a secret is, in what was kept and in every file below the directories. */
  async leaksOf(secrets: readonly Secret[], directories: readonly string[]): Promise<Leak[]> {
    const search = new ByteSearch(needlesOf(secrets));
    const leaks: Leak[] = [];
    const look = async (kind: Kind, place: string, pieces: AsyncIterable<Buffer> | Iterable<Buffer>) =>
      unwrapped({ place, pieces }, (content) => {
        this.searched[kind] += 1;
        if (kind === 'file') this.files.push(content.place);
        return search.through(content.pieces, (found) => leaks.push({ ...found, place: content.place }));
      });
    for (const { kind, place, bytes } of this.#kept) await look(kind, place, [bytes]);
    for (const directory of directories) {
      for await (const { path, pieces } of filesBelow(directory)) await look('file', path, pieces);
    }
    return unique(leaks);
  }
}

const unique = (leaks: readonly Leak[]): Leak[] => [
  ...new Map(leaks.map((leak) => [JSON.stringify(leak), leak])).values(),
];

interface FileContent {
  readonly path: string;
  readonly pieces: AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** With their names, and with what links point at: those can tell as well. */
async function* filesBelow(directory: string): AsyncGenerator<FileContent> {
  for await (const entry of await opendir(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      yield* filesBelow(path);
      continue;
    }
    const text = entry.isSymbolicLink() ? await readlink(path) : '';
    yield { path: `${path} (its name)`, pieces: [Buffer.from(`${entry.name}\n${text}`)] };
    if (entry.isFile()) yield { path, pieces: await contentOf(path) };
  }
}

async function contentOf(path: string): Promise<FileContent['pieces']> {
  try {
    return (await stat(path)).size > LARGE ? createReadStream(path) : [await readFile(path)];
  } catch (error) {
    // Removed since it was listed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
