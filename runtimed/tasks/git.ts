import { NOTHING_SECRET } from '../config/masked-output.ts';
import type { Environment } from '../processes/environment.ts';
import { Program } from '../processes/program.ts';
import { OutputTail } from './output-tail.ts';

/** Milliseconds in which git puts its lock files away. */
const GRACE = 500;
const MAX_ERROR_LENGTH = 1000;

/** Nothing of the user's settings, of the system's, or of what a tenant writes into the repository has a say. */
const SETTINGS = [
  'core.attributesFile=/dev/null',
  'core.autocrlf=false',
  'core.bigFileThreshold=512m',
  'core.excludesFile=/dev/null',
  'core.fileMode=true',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.ignoreCase=false',
  'core.precomposeUnicode=false',
  'core.protectHFS=false',
  'core.protectNTFS=false',
  'core.quotePath=false',
  'core.safecrlf=false',
  'core.sparseCheckout=false',
  'core.splitIndex=false',
  'core.symlinks=true',
  'core.trustctime=true',
  'core.untrackedCache=false',
  'gc.auto=0',
  'index.sparse=false',
  'maintenance.auto=false',
];
const IDENTITY = { NAME: 'sandboxd', EMAIL: 'sandboxd@localhost' };

/** Git said no, or did not come to an end. */
export class GitError extends Error {
  /** What it said itself. */
  readonly reason: string;
  /** Its exit code; undefined when it was not waited for. */
  readonly code: number | undefined;

  constructor(command: string, reason: string, code?: number) {
    super(`git ${command} failed: ${reason}`);
    this.name = 'GitError';
    this.reason = reason;
    this.code = code;
  }
}

export interface GitContext {
  /** The repository. */
  readonly directory: string;
  readonly environment: Environment;
  readonly newMark: () => string;
}

export interface GitCall {
  /** The top of the working tree, whose files the command is about. */
  readonly workTree: string;
  readonly signal: AbortSignal;
  readonly input?: Buffer;
  /** Bytes of output that are wanted; git is ended when there are more. */
  readonly limit?: number;
  /** The index file, when it is not the repository's own. */
  readonly index?: string;
  readonly settings?: readonly string[];
}

export interface GitOutput {
  readonly bytes: Buffer;
  readonly isTruncated: boolean;
}

const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** Runs git on a repository of our own, whose working tree is somebody else's. */
export class Git {
  readonly directory: string;
  readonly #environment: Environment;
  readonly #newMark: () => string;

  constructor({ directory, environment, newMark }: GitContext) {
    this.directory = directory;
    this.#newMark = newMark;
    const inherited = Object.entries(environment).filter(([name]) => !name.startsWith('GIT_'));
    this.#environment = {
      ...Object.fromEntries(inherited),
      ...identity('AUTHOR'),
      ...identity('COMMITTER'),
      GIT_ATTR_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_DIR: directory,
      GIT_TERMINAL_PROMPT: '0',
      LC_ALL: 'C',
    };
  }

  /** @throws GitError; the system's error when git cannot be started */
  async run(args: readonly [string, ...string[]], call: GitCall): Promise<GitOutput> {
    const { input, signal, limit = DEFAULT_LIMIT } = call;
    const program = await Program.start({
      argv: [
        'git',
        ...[...SETTINGS, ...(call.settings ?? [])].flatMap((setting) => ['-c', setting]),
        ...args,
      ],
      cwd: call.workTree,
      env: this.#environmentOf(call),
      mark: this.#newMark(),
      stdin: input !== undefined,
    });
    // Who tells it to people masks it.
    const errors = new OutputTail(NOTHING_SECRET);
    const full = new AbortController();
    const chunks: Buffer[] = [];
    let length = 0;
    program.record((bytes, name) => {
      if (name === 'stderr') errors.push(bytes);
      else if (length < limit) chunks.push(bytes.subarray(0, limit - length));
      if (name === 'stdout') length += bytes.length;
      if (length > limit) full.abort();
      return Promise.resolve();
    });
    program.stdin?.end(input);
    await program.exitedOr(AbortSignal.any([signal, full.signal]));
    const isEnded = signal.aborted || full.signal.aborted;
    await (isEnded ? program.end(GRACE) : program.release());
    if (signal.aborted) throw new GitError(args[0], 'it took too long, or was called off');
    const code = await program.exited;
    if (length <= limit && code !== 0) {
      throw new GitError(args[0], errors.text(MAX_ERROR_LENGTH) || `it exited with code ${code}`, code);
    }
    return { bytes: Buffer.concat(chunks), isTruncated: length > limit };
  }

  /** The first line of what it writes. @throws as {@link run} */
  async line(args: readonly [string, ...string[]], call: GitCall): Promise<string> {
    const { bytes } = await this.run(args, call);
    return bytes.toString('utf8').split('\n', 1)[0] ?? '';
  }

  #environmentOf({ workTree, index = `${this.directory}/index` }: GitCall): Environment {
    return { ...this.#environment, GIT_WORK_TREE: workTree, GIT_INDEX_FILE: index };
  }
}

const identity = (role: string): Record<string, string> =>
  Object.fromEntries(Object.entries(IDENTITY).map(([part, value]) => [`GIT_${role}_${part}`, value]));
