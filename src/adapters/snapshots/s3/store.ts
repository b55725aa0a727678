import { notFound } from '../../../domain/errors.ts';
import type { KeptSnapshot, SnapshotManifest, SnapshotStore } from '../../../domain/snapshot-store.ts';
import { readManifest, writeManifest } from '../manifest.ts';
import { ARCHIVE, isSnapshotName, MANIFEST, snapshotName } from '../names.ts';
import { S3Client, type S3Means, type S3Place } from './client.ts';
import { explain, explained, S3Failure } from './failure.ts';
import { Unfinished } from './unfinished.ts';
import { abortUpload, deleteObject, upload } from './upload.ts';
import { textOf, textsOf } from './xml.ts';

export interface S3Options extends S3Means {
  readonly place: S3Place;
  /** Before each key; empty, or ends with a slash. */
  readonly prefix: string;
  /** Of this node, for what it has not finished. */
  readonly directory: string;
}

/**
 * In a bucket of an S3-compatible store, which several nodes may share. The manifest is written last and deleted first: an archive
 * with one is whole.
 */
export class S3Snapshots implements SnapshotStore {
  readonly isShared = true;
  readonly own = undefined;
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #unfinished: Unfinished;
  readonly #underWay = new Set<string>();
  #clearing: Promise<void> = Promise.resolve();

  constructor({ place, prefix, directory, ...means }: S3Options) {
    this.#client = new S3Client(place, means);
    this.#prefix = prefix;
    this.#unfinished = new Unfinished(directory);
  }

  /** Asks nothing of the store: what is left half-written there is cleared by the next `put`. */
  open(): Promise<void> {
    return this.#unfinished.open();
  }

  async put(id: string, archive: AsyncIterable<Uint8Array>, describe: () => SnapshotManifest): Promise<void> {
    const name = snapshotName(id);
    await explained(async () => {
      await this.#clearInTurn();
      if ((await this.#manifest(name)) !== undefined) return;
      this.#underWay.add(name);
      try {
        await this.#keep(name, archive, describe);
      } finally {
        this.#underWay.delete(name);
      }
    });
  }

  async get(id: string): Promise<KeptSnapshot> {
    const name = snapshotName(id);
    const manifest = await this.find(name);
    if (manifest === undefined) throw notFound('snapshot');
    return { manifest, archive: this.#read(name) };
  }

  async find(id: string): Promise<SnapshotManifest | undefined> {
    const name = snapshotName(id);
    return explained(() => this.#manifest(name));
  }

  async remove(id: string): Promise<void> {
    const name = snapshotName(id);
    await explained(() => this.#delete(name));
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const query = {
        'list-type': '2',
        prefix: this.#prefix,
        ...(token !== undefined && { 'continuation-token': token }),
      };
      const { text } = await explained(() => this.#client.send('GET', '', { query }));
      names.push(...textsOf(text, 'Key').flatMap((key) => this.#nameOf(key) ?? []));
      token = textOf(text, 'NextContinuationToken');
    } while (token !== undefined);
    return names;
  }

  async #keep(
    name: string,
    archive: AsyncIterable<Uint8Array>,
    describe: () => SnapshotManifest,
  ): Promise<void> {
    await this.#unfinished.note(name);
    try {
      const key = this.#key(name, ARCHIVE);
      const onBegin = (uploadId: string) => this.#unfinished.note(name, uploadId);
      await upload({ client: this.#client, key, onBegin }, archive);
      await this.#client.send('PUT', this.#key(name, MANIFEST), { body: writeManifest(describe()) });
    } catch (error) {
      await this.#undo(name);
      throw error;
    }
    await this.#unfinished.forget(name);
  }

  /** What cannot be undone now stays noted, for the next `put`. */
  async #undo(name: string): Promise<void> {
    try {
      await this.#abort(name);
      await this.#delete(name);
      await this.#unfinished.forget(name);
    } catch (error) {
      if (!(error instanceof S3Failure)) throw error;
    }
  }

  /** One after the other: what one has cleared, the next may find begun anew. */
  #clearInTurn(): Promise<void> {
    const clear = () => this.#clear();
    this.#clearing = this.#clearing.then(clear, clear);
    return this.#clearing;
  }

  /** Undoes what a crash, or a store that went away, has left of what this node was keeping. */
  async #clear(): Promise<void> {
    // For where it could not be made when the node started.
    await this.#unfinished.open();
    const left = (await this.#unfinished.list()).filter((name) => !this.#underWay.has(name));
    for (const name of left) {
      await this.#abort(name);
      // With its manifest it is whole: only the note of it is left.
      if ((await this.#manifest(name)) === undefined) await this.#delete(name);
      await this.#unfinished.forget(name);
    }
  }

  async #abort(name: string): Promise<void> {
    const uploadId = await this.#unfinished.uploadOf(name);
    if (uploadId !== undefined) await abortUpload(this.#client, this.#key(name, ARCHIVE), uploadId);
  }

  async #delete(name: string): Promise<void> {
    await deleteObject(this.#client, this.#key(name, MANIFEST));
    await deleteObject(this.#client, this.#key(name, ARCHIVE));
  }

  async #manifest(name: string): Promise<SnapshotManifest | undefined> {
    try {
      return readManifest(name, (await this.#client.send('GET', this.#key(name, MANIFEST))).text);
    } catch (error) {
      if (error instanceof S3Failure && error.isAbsence) return undefined;
      throw error;
    }
  }

  async *#read(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* await this.#client.open(this.#key(name, ARCHIVE));
    } catch (error) {
      if (error instanceof S3Failure && error.isAbsence) throw notFound('snapshot');
      throw explain(error instanceof S3Failure ? error : S3Failure.unanswered('GET', error));
    }
  }

  #key(name: string, file: string): string {
    return `${this.#prefix}${name}/${file}`;
  }

  /** The snapshot whose manifest a key is. */
  #nameOf(key: string): string | undefined {
    const [name = '', file, ...rest] = key.slice(this.#prefix.length).split('/');
    return file === MANIFEST && rest.length === 0 && isSnapshotName(name) ? name : undefined;
  }
}
