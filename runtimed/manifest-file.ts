import { type FSWatcher, watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestProblem } from '../src/domain/manifest-problem.ts';
import {
  type Manifest,
  MANIFEST_FILE,
  MAX_MANIFEST_LENGTH,
  resolveManifest,
} from '../src/domain/manifest.ts';
import type { Preset } from '../src/domain/preset.ts';
import { readPackage } from './boot/app-package.ts';
import { Changes } from './changes.ts';
import type { Timings } from './options.ts';
import { pause } from './pause.ts';
import { errnoOf, isAbsent, readRegular } from './regular-file.ts';

/** Enough for the longest manifest in any script, and a byte that shows there is more. */
const MAX_BYTES = MAX_MANIFEST_LENGTH * 4 + 1;

/** What an app directory declares, or what runs in its stead. */
export interface ManifestState {
  readonly manifest: Manifest;
  /** Why the file could not be used as it is. */
  readonly problems: readonly ManifestProblem[];
}

/** The `sandbox.yaml` of an app directory. */
export class ManifestFile {
  readonly #directory: string;
  readonly #path: string;
  readonly #preset: Preset | undefined;
  readonly #timings: Timings;

  constructor(directory: string, preset: Preset | undefined, timings: Timings) {
    this.#directory = directory;
    this.#path = join(directory, MANIFEST_FILE);
    this.#preset = preset;
    this.#timings = timings;
  }

  /** Never rejects: there is always something to run. */
  async load(): Promise<ManifestState> {
    const app = await readPackage(this.#directory);
    const context = { preset: this.#preset, packageManager: app?.packageManager };
    try {
      const { bytes } = await readRegular(this.#path, MAX_BYTES);
      return resolveManifest(bytes.toString('utf8'), context);
    } catch (error) {
      const { manifest } = resolveManifest(undefined, context);
      if (isAbsent(error)) return { manifest, problems: [] };
      const message = errnoOf(error) === 'EACCES' ? 'cannot be read' : 'is not a regular file';
      return { manifest, problems: [{ path: '', message }] };
    }
  }

  /**
   * Calls back once now and after every change to the file, when it has come to rest, until the signal aborts. One
   * call ends before the next begins. The kernel's word makes it quick; looking makes it certain, also when the
   * directory itself is replaced.
   */
  async watch(onChange: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const hints = new Changes();
    let seen = await this.#fingerprint();
    await onChange();
    while (!signal.aborted) {
      using _watcher = this.#listen(hints);
      const { version } = hints;
      let now = await this.#fingerprint();
      if (now === seen) {
        await hints.after(version, this.#timings.manifestPoll, signal);
        continue;
      }
      do {
        seen = now;
        await pause(this.#timings.manifestRest, signal);
        now = await this.#fingerprint();
      } while (now !== seen && !signal.aborted);
      if (!signal.aborted) await onChange();
    }
  }

  async #fingerprint(): Promise<string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await lstat(this.#path, { bigint: true });
      return [ino, size, mtimeNs, ctimeNs].join(' ');
    } catch {
      // Whatever keeps it from being looked at keeps it from being read, and `load` says so.
      return '';
    }
  }

  #listen(hints: Changes): Disposable {
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(this.#directory, (_event, name) => {
        if (name === null || name === MANIFEST_FILE) hints.notify();
      });
      watcher.on('error', () => watcher?.close());
    } catch {
      // No such directory now, or no watches left: looking has to do.
    }
    return { [Symbol.dispose]: () => watcher?.close() };
  }
}
