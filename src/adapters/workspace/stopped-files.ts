import { type SandboxFiles, fileErrors, type FileQuery } from '../../domain/files.ts';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { notFound } from '../../domain/errors.ts';
import { parseDirectoryPath, parseWorkspacePath } from '../../domain/paths.ts';
import { type FileListing, MAX_READ_BYTES, MAX_WRITE_BYTES } from '../../domain/runtimed.ts';
import { errnoOf } from '../../host/errno.ts';
import { explainedFile } from './failure.ts';
import type { Owner, SandboxLayout } from './layout.ts';
import { Places, type Segments, isWhiteout, lstatIfThere } from './places.ts';
import { readRecord } from './record.ts';
import { appendToFile, modeOfFile, replaceFile } from './staged-write.ts';
import { listTree } from './tree-list.ts';
import { removeTrees } from './trees.ts';

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * File operations of a sandbox that does not run, on what is its own: of an overlay the upper, where every file of the
 * app is. A lower holds prepared dependencies only, which are generated and never listed; seen from here they are not
 * there. To delete a generated directory therefore brings back the prepared one, which is why deletions make no
 * whiteouts: there is nothing else in a lower to hide.
 */
export class StoppedFiles implements SandboxFiles {
  readonly #sandbox: SandboxLayout;
  readonly #owner: Owner;
  readonly #places: Places;

  constructor(sandbox: SandboxLayout, owner: Owner) {
    this.#sandbox = sandbox;
    this.#owner = owner;
    this.#places = new Places(sandbox.home, owner);
  }

  list({ path, root, recursive }: FileQuery & { recursive: boolean }): Promise<FileListing> {
    return this.#operation(async () => {
      const directory = parseDirectoryPath(path);
      const segments = await this.#places.locate({ path: directory, root }, { followLast: true });
      await using held = await this.#places.hold(segments).catch((error: unknown) => {
        throw errnoOf(error) === 'ENOTDIR' ? fileErrors.notDirectory() : error;
      });
      return { path: directory, recursive, entries: await listTree(held.path, directory, recursive) };
    });
  }

  read(query: FileQuery): Promise<Uint8Array> {
    return this.#operation(async () => {
      const { parent, name } = await this.#file(query);
      await using directory = await this.#places.hold(parent);
      const path = `${directory.path}/${name}`;
      const found = await lstatIfThere(path);
      if (found === undefined || isWhiteout(found)) throw fileErrors.absent();
      if (!found.isFile()) throw fileErrors.notFile();
      await using file = await open(path, READ);
      return await readAtMost(file, MAX_READ_BYTES);
    });
  }

  write(query: FileQuery & { append: boolean }, body: Uint8Array): Promise<void> {
    return this.#operation(async () => {
      if (body.byteLength > MAX_WRITE_BYTES) throw fileErrors.writeTooLarge();
      const { parent, name } = await this.#file(query);
      await using directory = await this.#places.holdOrMake(parent);
      const target = `${directory.path}/${name}`;
      const mode = await modeOfFile(target);
      if (query.append && mode !== undefined) return await appendToFile(target, body);
      await replaceFile(target, body, { staging: this.#sandbox.staging, owner: this.#owner, mode });
    });
  }

  delete(query: FileQuery): Promise<void> {
    return this.#operation(async () => {
      const { parent, name } = await this.#file(query, { followLast: false });
      await using directory = await this.#places.hold(parent);
      const target = `${directory.path}/${name}`;
      const found = await lstatIfThere(target);
      if (found === undefined || isWhiteout(found)) throw fileErrors.absent();
      if (!found.isDirectory()) return await unlink(target);
      // A tree goes at once for whoever looks, and at leisure, and of any depth, from the disk.
      const removed = join(this.#sandbox.staging, randomUUID());
      await rename(target, removed);
      await removeTrees([removed]);
    });
  }

  async #file(
    query: FileQuery,
    { followLast } = { followLast: true },
  ): Promise<{ parent: Segments; name: string }> {
    const path = parseWorkspacePath(query.path);
    const segments = await this.#places.locate({ path, root: query.root }, { followLast });
    const name = segments.at(-1);
    if (name === undefined) throw fileErrors.notFile();
    return { parent: segments.slice(0, -1), name };
  }

  async #operation<T>(operation: () => Promise<T>): Promise<T> {
    if ((await readRecord(this.#sandbox)) === undefined) throw notFound('workspace');
    return explainedFile(operation);
  }
}

/** @throws payload_too_large */
async function readAtMost(file: FileHandle, limit: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (size > limit) throw fileErrors.readTooLarge();
  const content = await file.readFile();
  if (content.byteLength > limit) throw fileErrors.readTooLarge();
  return content;
}
