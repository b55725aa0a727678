import { SandboxdError } from '../domain/errors.ts';
import type { Ports } from '../domain/ports.ts';
import { type KeyRing, rotateSecrets } from '../domain/rotation.ts';
import type { AdminActions } from '../routes/admin/index.ts';

/** Rotations of this server, one at a time: two would each wait for what the other has begun. */
export function rotationOf(
  ports: Pick<Ports, 'store' | 'vault' | 'pause'>,
  ring: KeyRing,
): AdminActions['rotateSecrets'] {
  let underWay = false;
  return async (signal) => {
    if (underWay) throw new SandboxdError('conflict', 'A rotation is under way. Wait until it has ended.');
    underWay = true;
    try {
      return await rotateSecrets(ports, ring, signal);
    } finally {
      underWay = false;
    }
  };
}
