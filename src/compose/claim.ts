import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Another process serves this data directory, or has this identity. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

/** Claims a data directory for this process. @throws AlreadyRunningError */
export const claimDataDirectory = (dataDir: string): Promise<AsyncDisposable> =>
  claim(dataDir, `Another sandboxd serves ${dataDir}.`);

/**
 * Claims an instance's id on this machine: two servers that share one take each other's containers for their own, and
 * end them.
 * @throws AlreadyRunningError
 */
export const claimInstance = (instanceId: string): Promise<AsyncDisposable> =>
  // No path of a data directory is like it: those are absolute.
  claim(
    `instance ${instanceId}`,
    `Another sandboxd with the same identity (${instanceId}) runs on this machine: this data directory and that one's are copies of the same installation, and each would end the other's sandboxes. Stop that one, or restore the backup with --as-copy.`,
  );

/**
 * An abstract socket is the lock: the kernel gives it to one process only and takes it back when that ends, however it
 * ends.
 */
async function claim(what: string, refusal: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ path: lockOf(what) });
  try {
    await once(server, 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new AlreadyRunningError(refusal, { cause });
  }
  server.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whether a process holds the claim on a data directory. Asking does not get in the way of one that makes it. */
export async function isClaimed(dataDir: string): Promise<boolean> {
  const socket = connect({ path: lockOf(dataDir) });
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

const lockOf = (what: string): string =>
  `\0sandboxd-${createHash('sha256').update(what).digest('hex').slice(0, 32)}`;
