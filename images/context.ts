import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** One file of a build context. */
export interface ContextFile {
  /** Its path in the context, with forward slashes. */
  readonly name: string;
  readonly executable: boolean;
  readonly source: Uint8Array | LargeFile;
}

/** A file too large to be read for a hash each time. */
export interface LargeFile {
  readonly path: string;
  /** What stands for its content, like "node 24.21.0 x64". */
  readonly identity: string;
}

/** What tools leave behind in a working copy, and no image wants. */
const LEFTOVERS = new Set(['node_modules', 'dist', '.vite', '.DS_Store']);

/** Every file below a directory, in an order that does not depend on the machine. */
export async function filesBelow(directory: string, prefix: string): Promise<ContextFile[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const wanted = entries.filter(({ name }) => !LEFTOVERS.has(name));
  const files = await Promise.all(
    wanted.map((entry) => {
      const path = join(directory, entry.name);
      const name = `${prefix}${entry.name}`;
      return entry.isDirectory() ? filesBelow(path, `${name}/`) : readContextFile(path, name);
    }),
  );
  return files.flat();
}

export async function readContextFile(path: string, name: string): Promise<ContextFile> {
  const [source, { mode }] = await Promise.all([readFile(path), stat(path)]);
  return { name, executable: (mode & 0o100) !== 0, source };
}

/** 12 hexadecimal digits that change whenever a name, a mode or a content does. */
export function fingerprint(files: readonly ContextFile[], ...others: readonly string[]): string {
  const hash = createHash('sha256');
  const add = (part: string | Uint8Array) => hash.update(`${part.length}:`).update(part);
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, executable, source } of sorted) {
    add(name);
    add(executable ? 'x' : '-');
    add(source instanceof Uint8Array ? source : source.identity);
  }
  for (const other of others) add(other);
  return hash.digest('hex').slice(0, 12);
}

/** The context as the tar stream an engine builds from. A file that cannot be read breaks the stream. */
export function packContext(files: readonly ContextFile[]): Readable {
  const archive = pack();
  addAll(archive, files).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(archive);
}

async function addAll(archive: Pack, files: readonly ContextFile[]): Promise<void> {
  for (const { name, executable, source } of files) {
    const header = { name, mode: executable ? 0o755 : 0o644, mtime: new Date(0) };
    if (source instanceof Uint8Array) {
      archive.entry(header, Buffer.from(source));
      continue;
    }
    const { size } = await stat(source.path);
    await pipeline(createReadStream(source.path), archive.entry({ ...header, size }));
  }
}
