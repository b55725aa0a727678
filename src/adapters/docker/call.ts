import { type ErrorCode, SandboxdError } from '../../domain/errors.ts';

/** Long enough for a loaded disk, short enough that a hung engine is noticed. */
const DEADLINE_MS = 60_000;

/** The HTTP status the engine refused with; undefined when it gave no answer at all. */
export function engineStatus(thrown: unknown): number | undefined {
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** The engine's own words. They may name host paths: for deciding and for `cause`, never for a message. */
export function engineReason(thrown: unknown): string {
  const message = (thrown as { json?: { message?: unknown } } | null)?.json?.message;
  return typeof message === 'string' ? message : '';
}

/**
 * One request to the engine with a deadline.
 * @throws what the engine refused with as it is (see engineStatus), or node_unavailable when there was no answer
 */
export async function callEngine<T>(
  request: (abortSignal: AbortSignal) => Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  try {
    return await request(AbortSignal.timeout(deadlineMs));
  } catch (error) {
    if (engineStatus(error) !== undefined || error instanceof SandboxdError) throw error;
    throw new SandboxdError('node_unavailable', 'The container engine of this node does not answer.', {
      cause: error,
    });
  }
}

/** What each refusal means for the caller. Anything else is the node's own trouble. */
export type Meaning = Readonly<Partial<Record<number, readonly [ErrorCode, string]>>>;

/** Of whatever makes a container, or looks at an image. */
export const IMAGE_MISSING = {
  404: ['unavailable', 'The sandbox image is not on this node. Build it, or name another one.'],
} as const;

/** Turns a refusal of the engine into the error a caller may see. */
export function refusal(thrown: unknown, meaning: Meaning = {}): SandboxdError {
  if (thrown instanceof SandboxdError) return thrown;
  const known = meaning[engineStatus(thrown) ?? 0];
  const [code, message] = known ?? [
    'node_unavailable',
    'The container engine of this node refused the operation.',
  ];
  return new SandboxdError(code, message, { cause: thrown });
}

export interface CallOptions {
  readonly meaning?: Meaning;
  readonly deadlineMs?: number;
}

/** Runs a request whose refusals have a meaning. */
export async function engineCall<T>(
  request: (abortSignal: AbortSignal) => Promise<T>,
  { meaning, deadlineMs }: CallOptions = {},
): Promise<T> {
  try {
    return await callEngine(request, deadlineMs);
  } catch (error) {
    throw refusal(error, meaning);
  }
}

/** Runs a request for which some refusals mean "it is so already", answered with undefined. */
export async function tolerate<T>(
  statuses: readonly number[],
  request: (abortSignal: AbortSignal) => Promise<T>,
  { meaning, deadlineMs }: CallOptions = {},
): Promise<T | undefined> {
  try {
    return await callEngine(request, deadlineMs);
  } catch (error) {
    if (statuses.includes(engineStatus(error) ?? 0)) return undefined;
    throw refusal(error, meaning);
  }
}
