import { connect } from 'node:net';
import { errnoOf } from '../regular-file.ts';

/** Milliseconds. What neither accepts nor refuses by then is busy, not closed. */
const ANSWER_LIMIT = 1000;

/**
 * Whether something listens on a port of this machine. Costs a fraction of a request, so that it can be asked often:
 * unlike the kernel's table of sockets, which takes milliseconds to read where the machine has much memory. Where it
 * cannot be told, the answer is yes: a request will tell. Never rejects.
 * @param host one of the machine's own addresses
 */
export function isListened(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_LIMIT });
    const conclude = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => conclude(true));
    socket.once('timeout', () => conclude(true));
    socket.on('error', (error) => conclude(errnoOf(error) !== 'ECONNREFUSED'));
  });
}
