import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

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
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  server.listen({ path: `\0sandboxd-${name}` });
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
