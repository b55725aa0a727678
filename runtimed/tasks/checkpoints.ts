import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../src/domain/log.ts';
import { RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import { MAX_TASK_DIFF_BYTES } from '../../src/domain/task.ts';
import type { Workspace } from '../files/workspace.ts';
import { orAborted } from '../pause.ts';
import type { Environment } from '../processes/environment.ts';
import { type AppTree, type BytePath, bytesOf, walkApp } from './app-tree.ts';
import { Git, type GitCall } from './git.ts';
import { mending } from './mending.ts';
import type { ChangedFiles } from './outcome.ts';
import { isProtected } from './protected.ts';
import { makeRepository, type Mend, removeIndex, removeLocks, removeRepository } from './repository.ts';

const REFS = 'refs/sandboxd/checkpoints/';
const REVERT = 'revert-';
/** Of reverts' own checkpoints, which no task names. */
const REVERTS_KEPT = 50;
export const MAX_FILES_TOLD = 1000;
/** Names of files that have changed; what comes behind is not told anyway. */
const MAX_NAME_BYTES = 8 * 1024 * 1024;
const CUT = Buffer.from('\n[sandboxd] the rest of the diff is left out: it is too long\n');
/** Milliseconds. */
const PRUNE_LIMIT = 60_000;
/** In a diff, text that is larger is named like a binary file: comparing it takes more memory than it is worth. */
const DIFF_SETTINGS = ['core.bigFileThreshold=16m'];
export interface CheckpointContext {
  readonly home: string;
  readonly workspace: Workspace;
  /** The app directory. */
  readonly directory: string;
  readonly environment: Environment;
  readonly newMark: () => string;
  readonly logger: Logger;
}

export interface Comparison extends ChangedFiles {
  /** Unified, at most MAX_TASK_DIFF_BYTES. */
  readonly diff: Buffer;
}

export interface Restoration {
  /** The commit that holds the app as it was before. */
  readonly saved: string;
  readonly changed: ChangedFiles;
}

/**
 * The app directory as it was before each task, in a repository of our own: what the user does with git is neither
 * touched nor needed. Everything is saved byte for byte, ignored files too, save for generated directories, files
 * larger than MAX_CHECKPOINT_FILE, and what is no file: empty directories, sockets, FIFOs, devices. Of permissions, the
 * one to execute is kept. A repository that a tenant has broken is made anew, without what it held.
 */
export class Checkpoints {
  readonly #context: CheckpointContext;
  readonly #git: Git;
  #queue: Promise<unknown> = Promise.resolve();
  #isPruneDue = false;

  constructor(context: CheckpointContext) {
    this.#context = context;
    const directory = join(context.home, RESERVED_DIRECTORY, 'checkpoints.git');
    this.#git = new Git({ ...context, directory });
  }

  /**
   * Saves the app as it is now.
   * @returns the commit
   * @throws GitError, payload_too_large, or the system's error when it cannot be saved, or the signal aborts
   */
  take(task: string, signal: AbortSignal): Promise<string> {
    return this.#inTurn(() => this.#save(task, signal), signal);
  }

  /** The commit of a task's checkpoint; undefined when there is none. @throws as {@link take}, when the signal aborts */
  find(task: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#inTurn(async () => this.#commitOf(`${REFS}${task}`, await this.#call(signal)), signal);
  }

  /** Whether a commit is a checkpoint that is kept, of a task or of a revert. @throws as {@link take} */
  holds(commit: string, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      const call = await this.#call(signal);
      const { bytes } = await this.#git.run(['for-each-ref', '--format=%(objectname)', REFS], call);
      // Git takes other names too: only what a ref of ours says word for word is looked up.
      if (!bytes.toString('latin1').split('\n').includes(commit)) return false;
      return (await this.#commitOf(commit, call)) === commit;
    }, signal);
  }

  /** What has changed since a commit. @throws as {@link take} */
  compare(commit: string, signal: AbortSignal): Promise<Comparison> {
    return this.#inTurn(async () => {
      const call = await this.#call(signal);
      const { tree } = await this.#mending([removeIndex], () => this.#stage(call), signal);
      const changed = await this.#changed(commit, tree, call);
      return { ...changed, diff: await this.#diff(commit, tree, call) };
    }, signal);
  }

  /**
   * Puts the app back to a commit, after saving it as it is. Only what differs is touched; what no checkpoint holds
   * stays where it is.
   * @param name for the checkpoint of the present
   * @throws as {@link take}
   */
  restore(commit: string, name: string, signal: AbortSignal): Promise<Restoration> {
    return this.#inTurn(async () => {
      const saved = await this.#save(`${REVERT}${name}`, signal);
      const call = await this.#call(signal);
      const { tree, app } = await this.#stage(call);
      const target = await this.#without(commit, app, call);
      const changed = await this.#changed(tree, target, call);
      await this.#git.run(['read-tree', '--reset', '-u', target], call);
      return { saved, changed };
    }, signal);
  }

  /** Drops the checkpoints of all tasks but these. What only they held goes with {@link prune}. Never rejects. */
  keep(tasks: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    return this.#tidily(async () => {
      const call = await this.#call(signal);
      const format = ['for-each-ref', '--sort=-creatordate', '--format=%(refname)', REFS] as const;
      const names = (await this.#git.run(format, call)).bytes.toString('utf8').split('\n').filter(Boolean);
      const ofReverts = names.filter((name) => name.startsWith(`${REFS}${REVERT}`)).slice(0, REVERTS_KEPT);
      const kept = new Set([...ofReverts, ...[...tasks].map((task) => `${REFS}${task}`)]);
      const dropped = names.filter((name) => !kept.has(name));
      if (dropped.length === 0) return;
      const input = Buffer.from(dropped.map((name) => `delete ${name}\n`).join(''));
      await this.#git.run(['update-ref', '--no-deref', '--stdin'], { ...call, input });
      this.#isPruneDue = true;
    }, signal);
  }

  /**
   * Gives up the space of what nothing refers to any more, where something was dropped. Never rejects.
   * @param signal puts it off until the next time
   */
  prune(signal: AbortSignal): Promise<void> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PRUNE_LIMIT)]);
    return this.#tidily(async () => {
      if (!this.#isPruneDue) return;
      await this.#git.run(['prune', '--expire=now'], await this.#call(limited));
      this.#isPruneDue = false;
    }, limited);
  }

  async #commitOf(name: string, call: GitCall): Promise<string | undefined> {
    const args = ['rev-parse', '--verify', '--quiet', `${name}^{commit}`] as const;
    return this.#git.line(args, call).catch((error: unknown) => {
      if (call.signal.aborted) throw error;
      return undefined;
    });
  }

  /** What fails is tried again another time, and holds nobody up. */
  #tidily(operation: () => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#inTurn(operation, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#context.logger.error('old checkpoints could not be dropped', error);
    });
  }

  /** One after another; whoever is called off while it waits is not kept waiting. */
  async #inTurn<T>(operation: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const [before, done] = [this.#queue, Promise.withResolvers<void>()];
    this.#queue = Promise.all([before, done.promise]);
    try {
      await orAborted(before, signal);
      signal.throwIfAborted();
      return await operation();
    } finally {
      done.resolve();
    }
  }

  /** Makes sure that there is a repository to work with. @throws when the app directory leads out of the home */
  async #call(signal: AbortSignal): Promise<GitCall> {
    const { directory, workspace } = this.#context;
    await mkdir(directory, { recursive: true });
    const workTree = await workspace.directory({ path: '', root: 'app' });
    await makeRepository(this.#git.directory);
    await removeLocks(this.#git.directory);
    return { workTree, signal };
  }

  async #save(name: string, signal: AbortSignal): Promise<string> {
    const call = await this.#call(signal);
    const mends = [removeIndex, removeRepository];
    // What a failure leaves may be what has filled the disk.
    const { tree } = await this.#mending(mends, () => this.#stage(call), signal).catch((error: unknown) => {
      this.#isPruneDue = true;
      throw error;
    });
    const commit = await this.#git.line(['commit-tree', tree, '-m', name], call);
    await this.#git.run(['update-ref', `${REFS}${name}`, commit], call);
    return commit;
  }

  #mending<T>(mends: readonly Mend[], operation: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { logger } = this.#context;
    return mending(mends, operation, { repository: this.#git.directory, logger, signal });
  }

  /** Brings the index in line with the app directory. */
  async #stage(call: GitCall): Promise<{ tree: string; app: AppTree }> {
    const app = await walkApp(call.workTree, call.signal);
    const update = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'] as const;
    await this.#git.run(update, { ...call, input: nulTerminated(app.files) });
    const present = new Set(app.files);
    const { bytes } = await this.#git.run(['ls-files', '-z'], call);
    await this.#forget(
      split(bytes).filter((path) => !present.has(path)),
      call,
    );
    return { tree: await this.#git.line(['write-tree'], call), app };
  }

  /** Takes paths out of an index; the files stay. */
  async #forget(paths: readonly BytePath[], call: GitCall): Promise<void> {
    if (paths.length === 0) return;
    const remove = ['update-index', '-z', '--force-remove', '--stdin'] as const;
    await this.#git.run(remove, { ...call, input: nulTerminated(paths) });
  }

  /** The tree of a commit, without what would be in the way of something that is left alone. */
  async #without(commit: string, { kept }: AppTree, call: GitCall): Promise<string> {
    const { bytes } = await this.#git.run(
      ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit],
      call,
    );
    const inTheWay = split(bytes).filter(isProtected(kept));
    if (inTheWay.length === 0) return this.#git.line(['rev-parse', `${commit}^{tree}`], call);
    const aside = { ...call, index: `${this.#git.directory}/index.restore` };
    await this.#git.run(['read-tree', commit], aside);
    await this.#forget(inTheWay, aside);
    return this.#git.line(['write-tree'], aside);
  }

  async #changed(from: string, to: string, call: GitCall): Promise<ChangedFiles> {
    const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to] as const;
    const { bytes, isTruncated } = await this.#git.run(args, { ...call, limit: MAX_NAME_BYTES });
    const names = bytes.toString('utf8').split('\0').slice(0, -1);
    return {
      files: names.slice(0, MAX_FILES_TOLD),
      isTruncated: isTruncated || names.length > MAX_FILES_TOLD,
    };
  }

  async #diff(from: string, to: string, call: GitCall): Promise<Buffer> {
    const form = ['-r', '-p', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];
    const limit = MAX_TASK_DIFF_BYTES - CUT.length;
    const { bytes, isTruncated } = await this.#git.run(['diff-tree', ...form, from, to], {
      ...call,
      limit,
      settings: DIFF_SETTINGS,
    });
    return isTruncated ? Buffer.concat([bytes, CUT]) : bytes;
  }
}

const nulTerminated = (paths: readonly BytePath[]): Buffer =>
  bytesOf(paths.map((path) => `${path}\0`).join(''));

const split = (bytes: Buffer): BytePath[] => bytes.toString('latin1').split('\0').slice(0, -1);
