import { SandboxdError } from '../domain/errors.ts';

export const shuttingDown = () => new SandboxdError('node_unavailable', 'The node is shutting down.');

export const beingReplaced = () =>
  new SandboxdError(
    'conflict',
    'A snapshot is being restored in the place of this sandbox. Wait until that has ended.',
  );

export const unsettled = () =>
  new SandboxdError(
    'sandbox_unavailable',
    'The sandbox is between running and stopped, and its node could not finish that yet. Try again in a moment.',
  );

export const asleep = () =>
  new SandboxdError('sandbox_unavailable', 'The sandbox is asleep: start it to read its process logs.');
