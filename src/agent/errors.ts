import { SandboxdError } from '../domain/errors.ts';

export const shuttingDown = () => new SandboxdError('node_unavailable', 'The node is shutting down.');

export const beingReplaced = () =>
  new SandboxdError(
    'conflict',
    'A snapshot is being restored in the place of this sandbox. Wait until that has ended.',
  );
