import { SandboxdError } from '../domain/errors.ts';
import type { SandboxFiles } from '../domain/files.ts';
import type { SandboxRuntime } from '../domain/runtime.ts';

interface Ways {
  /** The runtime, when the sandbox is up. */
  readonly inside: () => Promise<SandboxRuntime | undefined>;
  /** Runs a task on the disk with the sandbox locked; undefined when it came up meanwhile. */
  readonly onDisk: <T>(task: (files: SandboxFiles) => Promise<T>) => Promise<{ done: T } | undefined>;
}

/** A sandbox that goes up and down this often within one file operation is not worth a further try. */
const MAX_TURNS = 3;

/**
 * File operations wherever they are right: inside while the sandbox runs, on the disk while it does not, since an
 * overlay's upper directory must not change under a mount.
 */
export function sandboxFiles({ inside, onDisk }: Ways): SandboxFiles {
  const run = async <T>(task: (files: SandboxFiles) => Promise<T>): Promise<T> => {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const runtime = await inside();
      if (runtime !== undefined) return task(runtime.files);
      const outcome = await onDisk(task);
      if (outcome !== undefined) return outcome.done;
    }
    throw new SandboxdError('sandbox_unavailable', 'The sandbox keeps starting and stopping. Try again.');
  };
  return {
    list: (query) => run((files) => files.list(query)),
    read: (query) => run((files) => files.read(query)),
    write: (query, body) => run((files) => files.write(query, body)),
    delete: (query) => run((files) => files.delete(query)),
  };
}
