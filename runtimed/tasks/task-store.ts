import { constants } from 'node:fs';
import { mkdir, opendir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import { writeDurably } from '../durable-file.ts';
import { type HeldDirectory, Places } from '../files/place.ts';
import { makeOwnDirectory } from '../own-directory.ts';
import { isAbsent, openRegular, readRegular } from '../regular-file.ts';
import { isTaskId, parseOrder, type TaskOrderFile } from './assignment.ts';

const TASKS = 'tasks';
export const ORDER_FILE = 'order.json';
export const RESULT_FILE = 'result.json';
export const EVENTS_FILE = 'events.jsonl';
export const TRANSCRIPT_FILE = 'agent.log';
export const DIFF_FILE = 'changes.diff';
/** A prompt, as JSON in which every character is escaped. */
const MAX_ORDER_BYTES = 2 * 1024 * 1024;
/** More names than this are none of ours: a tenant can fill its home with anything. */
const MAX_NAMES = 10_000;

/** Where tasks are kept: a directory each, in the home. */
export class TaskStore {
  readonly #home: string;
  readonly #places: Places;
  readonly #root: readonly string[] = [RESERVED_DIRECTORY, TASKS];

  constructor(home: string) {
    this.#home = home;
    this.#places = new Places(home);
  }

  /** The oldest first. */
  async ids(): Promise<string[]> {
    const found: string[] = [];
    try {
      await using root = await this.#places.hold(this.#root);
      for await (const { name } of await opendir(root.path)) {
        if (isTaskId(name)) found.push(name);
        if (found.length >= MAX_NAMES) break;
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return found.toSorted();
  }

  /** @returns undefined when nothing is kept of that task */
  async open(id: string): Promise<TaskFolder | undefined> {
    try {
      return new TaskFolder(await this.#places.hold([...this.#root, id]));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /**
   * Returns when the order is on disk.
   * @throws the system's error; nothing is left of the task then
   */
  async create(order: TaskOrderFile): Promise<TaskFolder> {
    for (const [index] of this.#root.entries()) {
      await makeOwnDirectory(join(this.#home, ...this.#root.slice(0, index + 1)));
    }
    await using held = await this.#places.hold(this.#root);
    // Without its order a directory is no task: a crash in between leaves something that the next attempt replaces.
    await rm(join(held.path, order.id), { recursive: true, force: true });
    await mkdir(join(held.path, order.id), { mode: 0o700 });
    const folder = new TaskFolder(await this.#places.hold([...this.#root, order.id]));
    try {
      await folder.write(ORDER_FILE, JSON.stringify(order));
      return folder;
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      await this.remove(order.id);
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await using root = await this.#places.hold(this.#root);
    await rm(join(root.path, id), { recursive: true, force: true });
  }
}

/** What is kept of one task, held open: it stays this one whatever becomes of its name. */
export class TaskFolder implements AsyncDisposable {
  readonly #held: HeldDirectory;

  constructor(held: HeldDirectory) {
    this.#held = held;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held[Symbol.asyncDispose]();
  }

  pathOf(name: string): string {
    return join(this.#held.path, name);
  }

  /** As {@link writeDurably}. */
  write(name: string, content: string | Uint8Array): Promise<void> {
    return writeDurably(this.#held.path, name, content);
  }

  /** Opens a file to read and to add to; what is there and is no plain file is put aside. */
  async openToAppend(name: string): Promise<FileHandle> {
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
    try {
      return await openRegular(this.pathOf(name), flags);
    } catch {
      await rename(this.pathOf(name), this.pathOf(`${name}.odd`));
      return openRegular(this.pathOf(name), flags);
    }
  }

  /** The beginning of a file; undefined where there is none that can be read. */
  async read(name: string, limit: number): Promise<Buffer | undefined> {
    return readRegular(this.pathOf(name), limit).then(
      ({ bytes }) => bytes,
      () => undefined,
    );
  }

  async order(): Promise<TaskOrderFile | undefined> {
    const bytes = await this.read(ORDER_FILE, MAX_ORDER_BYTES);
    return bytes === undefined ? undefined : parseOrder(bytes.toString('utf8'));
  }
}
