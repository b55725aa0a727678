import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { CONTROL_SOCKET } from '../../domain/runtimed.ts';

/** open(2)'s O_PATH: a handle on the thing itself, which opens nothing. Node does not name it. */
const O_PATH = 0o10000000;
const CONNECT_DEADLINE_MS = 5000;

/**
 * Connects to a sandbox's control socket, and to nothing else. The tenant can write to the directory, and could put a
 * symlink to any socket of the host there, the container engine's for one: so the file is first taken hold of without
 * following a link, found to be a socket, and then connected to through that hold, whatever its name means by then.
 * @throws the system's error, or Error when there is something else than a socket
 */
export async function connectControlSocket(controlDirectory: string): Promise<Socket> {
  await using directory = await hold(controlDirectory, constants.O_DIRECTORY);
  await using file = await hold(`${through(directory)}/${CONTROL_SOCKET}`);
  if (!(await file.stat()).isSocket()) throw new Error('The control socket is something else than a socket.');
  const socket = connect(through(file));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_DEADLINE_MS) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const hold = (path: string, flags = 0): Promise<FileHandle> =>
  open(path, O_PATH | constants.O_NOFOLLOW | flags);
const through = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;
