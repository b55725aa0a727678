/** What one sandbox may use of the node, and how long its provider may take. */
export interface GateLimits {
  /** Milliseconds without a byte of the provider after which its answer is given up. */
  readonly silenceMs: number;
  /** Failures in a row after which the provider is taken to be down. */
  readonly maxFailures: number;
  /** At a time, and as many requests; an agent with helpers holds one for each. */
  readonly maxConnections: number;
  /** Of one request. */
  readonly maxBodyBytes: number;
  /** Milliseconds for the head of a request, so that nobody holds connections by sending slowly. */
  readonly headMs: number;
  /** Milliseconds for the whole of a request: a big one takes its time on a thin line to the provider. */
  readonly requestMs: number;
}

export const DEFAULT_LIMITS: GateLimits = {
  silenceMs: 300_000,
  maxFailures: 6,
  maxConnections: 64,
  maxBodyBytes: 32 * 1024 * 1024,
  headMs: 10_000,
  requestMs: 300_000,
};

/** Of one request's head. */
export const MAX_HEAD_BYTES = 32 * 1024;
/** Of a failure's body; what is longer is no message. */
export const MAX_FAILURE_BYTES = 64 * 1024;
/** Of what is read for usage at once: the last event of a response repeats the whole of it. */
export const MAX_REPORT_BYTES = 4 * 1024 * 1024;
/** Characters of a provider's message. */
export const MAX_MESSAGE_LENGTH = 1000;
/** Milliseconds a request waits before that is worth telling. */
export const NOTABLE_WAIT_MS = 10_000;
/** Milliseconds an agent's connection is kept beyond the provider's silence, so that it learns of that. */
export const GRACE_MS = 30_000;
