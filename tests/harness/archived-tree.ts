import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { archiveTree, type TreeArchiveFacts } from '../../src/archive/archive-tree.ts';
import type { ArchiveOptions } from '../../src/domain/workspace.ts';

export const run = promisify(execFile);

/** A tree to be archived, and a place beside it. */
export class ArchivedTree implements AsyncDisposable {
  readonly root: string;
  readonly home: string;

  private constructor(root: string) {
    this.root = root;
    this.home = join(root, 'home');
  }

  static async make(): Promise<ArchivedTree> {
    const tree = new ArchivedTree(await mkdtemp(join(tmpdir(), 'sandboxd-archive-')));
    await mkdir(tree.home);
    return tree;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Deeper than any path that Node could name.
    await run('rm', ['-rf', '--', this.root]);
  }

  /** Archives the tree, as it is or while it is in use. */
  async archive({ layers = [], ...options }: Options = {}): Promise<TreeArchiveFacts> {
    const roots = [this.home, ...layers];
    const scope = options.scope ?? 'snapshot';
    const directory = join(this.root, 'staging');
    if (options.freeze !== undefined) await mkdir(directory);
    const staging = options.freeze && { directory, syncedAt: options.syncedAt ?? Date.now() };
    await using archive = await archiveTree({ roots, scope, ...(staging && { staging }) }, options);
    const file = createWriteStream(this.file);
    for (let next = await archive.bytes.next(); next.done !== true; next = await archive.bytes.next()) {
      if (!file.write(next.value)) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
    return archive.facts();
  }

  /** What the system's own tar makes of the archive. */
  async unpacked(): Promise<string> {
    const to = join(this.root, 'unpacked');
    await mkdir(to);
    await run('tar', ['--zstd', '-xpf', this.file, '-C', to]);
    return to;
  }

  /** `tar -tv`, one line each. */
  async listed(): Promise<string[]> {
    const args = ['--zstd', '--numeric-owner', '-tvf', this.file];
    const { stdout } = await run('tar', args, { maxBuffer: 2 ** 28 });
    return stdout.split('\n').slice(0, -1);
  }

  async names(): Promise<string[]> {
    const { stdout } = await run('tar', ['--zstd', '-tf', this.file], { maxBuffer: 2 ** 28 });
    return stdout.split('\n').slice(0, -1);
  }

  get file(): string {
    return join(this.root, 'archive.tar.zst');
  }
}

interface Options extends Partial<ArchiveOptions> {
  readonly layers?: readonly string[];
  readonly syncedAt?: number;
}

/** Runs a script in a directory: names need not be text. */
export const shell = (script: string, cwd: string) => run('sh', ['-ec', script], { cwd });
