/** Every code an API answer may carry, with the one HTTP status it always has. */
export const ERROR_STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  task_in_progress: 409,
  payload_too_large: 413,
  rate_limited: 429,
  internal: 500,
  sandbox_unavailable: 502,
  sandbox_capacity: 503,
  node_unavailable: 503,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;
export type ErrorStatus = (typeof ERROR_STATUS)[ErrorCode];

/** The wire form of every error, for people and programs alike. */
export interface ErrorEnvelope {
  error: { code: ErrorCode; message: string; retryable: boolean };
}

/** The only error that crosses a boundary. Its message is shown to callers: no secret, no host path. */
export class SandboxdError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SandboxdError';
    this.code = code;
  }

  get status(): ErrorStatus {
    return ERROR_STATUS[this.code];
  }

  get retryable(): boolean {
    return this.status === 502 || this.status === 503;
  }

  toEnvelope(): ErrorEnvelope {
    return { error: { code: this.code, message: this.message, retryable: this.retryable } };
  }
}

/** Somebody has to wait, and is told how long. */
export class RateLimitedError extends SandboxdError {
  /** Whole seconds, at least one. */
  readonly retryAfterSeconds: number;

  constructor(message: string, waitMs: number) {
    super('rate_limited', message);
    this.retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  }
}

/** Turns anything thrown into what a caller may see: an unknown failure shows nothing of itself. */
export function asSandboxdError(thrown: unknown): SandboxdError {
  if (thrown instanceof SandboxdError) return thrown;
  return new SandboxdError('internal', 'Something failed on our side. The server log has the details.', {
    cause: thrown,
  });
}

/** A wire envelope read back into the error it was made from. */
export function fromEnvelope(envelope: unknown, fallback: ErrorCode): SandboxdError {
  const error = (envelope as Partial<ErrorEnvelope> | null)?.error;
  const code = error && error.code in ERROR_STATUS ? error.code : fallback;
  return new SandboxdError(code, error?.message ?? 'The answer carried no explanation.');
}

export const isCode = (thrown: unknown, code: ErrorCode): thrown is SandboxdError =>
  thrown instanceof SandboxdError && thrown.code === code;

export const taskInProgress = (taskId: string) =>
  new SandboxdError(
    'task_in_progress',
    `A task is running in this sandbox (${taskId}). Wait until it has ended, or cancel it first.`,
  );
export const notFound = (what: string) => new SandboxdError('not_found', `No such ${what}.`);
export const invalid = (message: string, options?: ErrorOptions) =>
  new SandboxdError('invalid_request', message, options);
