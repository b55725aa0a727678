import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, open, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { PROVIDER_SOCKET } from '../../domain/runtimed.ts';

/** Everybody may connect: the sandbox's user is none of this machine's. */
const MODE = 0o666;

/**
 * Listens in a directory, in place of a socket that a killed server has left there, until disposed of.
 *
 * The name of a socket is at most 108 bytes long, and the directory's may be longer: so it is bound below a hold on the
 * directory. Closing a server removes what has that name, which is why the hold lasts as long: another directory would
 * have its number by then.
 *
 * Between being bound and its mode being set, the socket is closed to the tenant, never open to more than it should be;
 * and since only the node can write to the directory, what has its mode set is what was bound.
 * @throws the system's error; nothing is left then
 */
export async function listenIn(directory: string, server: Server): Promise<AsyncDisposable> {
  await using starting = new AsyncDisposableStack();
  const hold = starting.use(await open(directory, constants.O_DIRECTORY | constants.O_NOFOLLOW));
  const path = `/proc/self/fd/${hold.fd}/${PROVIDER_SOCKET}`;
  await rm(path, { force: true });
  starting.defer(() => close(server));
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, MODE);
  return starting.move();
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    // It fails only when it does not listen, which is what is wanted.
    server.close(() => resolve());
    server.closeAllConnections();
  });
