import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Another process serves this data directory. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

/**
 * Claims a data directory for this process. An abstract socket is the lock: the kernel gives it to one process only and
 * takes it back when that ends, however it ends.
 * @throws AlreadyRunningError
 */
export async function claimDataDirectory(dataDir: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ path: lockOf(dataDir) });
  try {
    await once(server, 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new AlreadyRunningError(`Another sandboxd serves ${dataDir}.`, { cause });
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

const lockOf = (dataDir: string): string =>
  `\0sandboxd-${createHash('sha256').update(dataDir).digest('hex').slice(0, 32)}`;
