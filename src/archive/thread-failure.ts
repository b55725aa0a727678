import { type ErrorCode, SandboxdError } from '../domain/errors.ts';
import { UnpackError } from './unpack-error.ts';

/** What a thread failed with: an error's class and its own fields do not get through to another one. */
export interface ThreadFailure {
  readonly type: 'failed';
  readonly message: string;
  readonly kind: 'sandboxd' | 'refused' | 'other';
  /** Of the domain, or the system's. */
  readonly code?: string;
}

export function failureOf(error: unknown): ThreadFailure {
  const message = error instanceof Error ? error.message : String(error);
  const { code } = error as Partial<NodeJS.ErrnoException>;
  return { type: 'failed', message, kind: kindOf(error), ...(code !== undefined && { code }) };
}

function kindOf(error: unknown): ThreadFailure['kind'] {
  if (error instanceof SandboxdError) return 'sandboxd';
  return error instanceof UnpackError ? 'refused' : 'other';
}

/** The error again, on the other side. */
export function errorOf({ message, kind, code }: ThreadFailure): Error {
  if (kind === 'sandboxd') return new SandboxdError(code as ErrorCode, message);
  if (kind === 'refused') return new UnpackError(message);
  return Object.assign(new Error(message), code !== undefined && { code });
}
