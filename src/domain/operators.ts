import { SandboxdError } from './errors.ts';
import type { Instance } from './ports.ts';

export const isOperator = ({ operators }: Pick<Instance, 'operators'>, owner: string): boolean =>
  operators.has(owner);

/** @throws forbidden for everybody who does not run this installation */
export function requireOperator(instance: Pick<Instance, 'operators'>, owner: string): void {
  if (isOperator(instance, owner)) return;
  throw new SandboxdError(
    'forbidden',
    'This is for operators of the installation alone. They are the owners that SANDBOXD_OPERATORS names.',
  );
}
