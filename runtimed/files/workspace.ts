import { fileErrors, type FileQuery } from '../../src/domain/files.ts';
import { lstat, rm, unlink } from 'node:fs/promises';
import { type FileListing, MAX_READ_BYTES } from '../../src/domain/runtimed.ts';
import { openRegular, readAt } from '../regular-file.ts';
import { explained } from './failure.ts';
import { listTree } from './list.ts';
import { Places, type Segments } from './place.ts';
import { FileWriter } from './write.ts';

/**
 * File operations inside the running sandbox, as the sandbox's user, with the rules and failures of `SandboxFiles`.
 * The paths of queries must have been parsed.
 */
export class Workspace {
  readonly #places: Places;
  readonly #writer: FileWriter;

  /** @param newName makes names for temporary files that nobody else uses */
  constructor(home: string, newName: () => string) {
    this.#places = new Places(home);
    this.#writer = new FileWriter(newName);
  }

  list(query: FileQuery & { recursive: boolean }): Promise<FileListing> {
    const { path, recursive } = query;
    return explained(async () => {
      const at = await this.#places.locate(query, true);
      const entries = await listTree(this.#places, at, path, recursive).catch(
        (error: NodeJS.ErrnoException) => {
          throw error.code === 'ENOTDIR' ? fileErrors.notDirectory() : error;
        },
      );
      return { path, recursive, entries };
    });
  }

  /** The whole of a file, which is at most MAX_READ_BYTES long. */
  read(query: FileQuery): Promise<Buffer> {
    return explained(async () => {
      const { parent, name } = split(await this.#places.locate(query, true));
      await using directory = await this.#places.hold(parent);
      await using file = await openRegular(`${directory.path}/${name}`);
      const { size } = await file.stat();
      if (size > MAX_READ_BYTES) throw fileErrors.readTooLarge();
      return await readAt(file, 0, size);
    });
  }

  write(query: FileQuery & { append: boolean }, body: AsyncIterable<Uint8Array>): Promise<void> {
    return explained(async () => {
      const { parent, name } = split(await this.#places.locate(query, true));
      const { held, undo } = await this.#places.holdOrMake(parent);
      await using directory = held;
      try {
        await this.#writer.write(directory.path, name, body, query.append);
      } catch (error) {
        await undo();
        throw error;
      }
    });
  }

  delete(query: FileQuery): Promise<void> {
    return explained(async () => {
      const { parent, name } = split(await this.#places.locate(query, false));
      await using directory = await this.#places.hold(parent);
      const target = `${directory.path}/${name}`;
      if ((await lstat(target)).isDirectory()) await rm(target, { recursive: true });
      else await unlink(target);
    });
  }

  /** The real path of a directory, for a program to start in. */
  directory(query: FileQuery): Promise<string> {
    return explained(() => this.#places.realPath(query));
  }
}

/** @throws invalid_request for the home itself, which is no file */
function split(segments: Segments): { parent: Segments; name: string } {
  const name = segments.at(-1);
  if (name === undefined) throw fileErrors.notFile();
  return { parent: segments.slice(0, -1), name };
}
