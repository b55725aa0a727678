import { type FileHandle, link, lutimes, mkdir, open, symlink, chown, chmod, lchown } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Extract, type Header, extract as tarExtract } from 'tar-stream';

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/** The archive holds what must not be unpacked; the message names it by its path in the archive. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

/**
 * Unpacks a tar archive of one directory: its first path segment is dropped, owners, modes and times are kept, set-id
 * bits are not. The target must be empty and nobody else's: what was unpacked is remembered, so that no entry is ever
 * written through a symlink, over another entry, or outside.
 * @throws UnpackError, or the system's error
 */
export async function unpack(archive: Readable, directory: string, signal: AbortSignal): Promise<void> {
  const unpacker = new Unpacker(directory);
  const entries = tarExtract();
  const [piped, unpacked] = await Promise.allSettled([
    pipeline(archive, entries, { signal }),
    unpacker.all(entries),
  ]);
  // Whichever fails takes the other with it; what unpacking says is nearer to the reason.
  if (unpacked.status === 'rejected') throw unpacked.reason;
  if (piped.status === 'rejected') throw piped.reason;
}

class Unpacker {
  readonly #root: string;
  readonly #directories = new Set(['']);
  readonly #files = new Set<string>();
  readonly #taken = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  async all(entries: AsyncIterable<Entry>): Promise<void> {
    for await (const entry of entries) await this.#one(entry);
  }

  async #one(entry: Entry): Promise<void> {
    const path = withoutFirst(entry.header.name);
    if (entry.header.type !== 'directory') this.#claim(path, entry.header.name);
    switch (entry.header.type) {
      case 'directory':
        await this.#directory(path, entry.header);
        break;
      case 'file':
      case 'contiguous-file':
        await this.#file(path, entry);
        break;
      case 'symlink':
        await this.#symlink(path, entry.header);
        break;
      case 'link':
        await this.#link(path, entry.header);
        break;
      default:
        // Devices, pipes and sockets have no place in a directory of prepared files.
        break;
    }
    entry.resume();
  }

  #claim(path: string, name: string): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (path === '') throw new UnpackError(`The image's "${name}" is not a directory.`);
    if (!this.#directories.has(parent)) throw new UnpackError(`The image's "${name}" is in no directory.`);
    if (this.#taken.has(path)) throw new UnpackError(`The image's "${name}" is there twice.`);
    this.#taken.add(path);
  }

  async #directory(path: string, header: Header): Promise<void> {
    const target = join(this.#root, path);
    if (path !== '') {
      this.#claim(path, header.name);
      await mkdir(target);
      this.#directories.add(path);
    }
    await chown(target, header.uid, header.gid);
    await chmod(target, modeOf(header, 0o1777));
  }

  async #file(path: string, entry: Entry): Promise<void> {
    await using file = await open(join(this.#root, path), 'wx', 0o600);
    await copy(entry, file);
    const { header } = entry;
    await file.chown(header.uid, header.gid);
    await file.chmod(modeOf(header, 0o777));
    await file.utimes(header.mtime, header.mtime);
    this.#files.add(path);
  }

  async #symlink(path: string, header: Header): Promise<void> {
    const target = join(this.#root, path);
    await symlink(header.linkname, target);
    await lchown(target, header.uid, header.gid);
    await lutimes(target, header.mtime, header.mtime);
  }

  async #link(path: string, header: Header): Promise<void> {
    const original = withoutFirst(header.linkname);
    if (!this.#files.has(original))
      throw new UnpackError(`The image's "${header.name}" links to no file before it.`);
    await link(join(this.#root, original), join(this.#root, path));
    this.#files.add(path);
  }
}

async function copy(entry: Entry, file: FileHandle): Promise<void> {
  for await (const chunk of entry) await file.writeFile(chunk as Uint8Array);
}

const modeOf = ({ mode }: Header, allowed: number): number => mode & allowed;

/** The path below the archive's one directory. @throws UnpackError when it would lead out of it */
function withoutFirst(name: string): string {
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..') || name.startsWith('/') || name.includes('\0')) {
    throw new UnpackError(`The image's "${name}" leads out of its directory.`);
  }
  return segments.slice(1).join('/');
}
