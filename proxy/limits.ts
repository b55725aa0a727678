/** Every bound of the proxy. Times are milliseconds, sizes bytes. */
export interface Limits {
  /** Of one response head of an upstream, interim ones included. */
  readonly responseHeadBytes: number;
  readonly responseFields: number;
  /** How many 1xx responses may precede the final one. */
  readonly interimResponses: number;
  /** From a request's last sign of progress to the end of the response head. */
  readonly responseHeadMs: number;
  /** The same for the console, which is ours and answers some requests (a long exec) only when they are done. */
  readonly consoleHeadMs: number;
  readonly connectMs: number;
  /** Between two pieces of a body whose length was announced; streams without one may be silent for ever. */
  readonly bodySilenceMs: number;
  /**
   * How long a client may be connected and ask nothing, or take nothing of a response that waits for it. Above the two
   * minutes for which common fronts reuse a connection, so that they are the ones to close it.
   */
  readonly clientSilenceMs: number;
  /** How long the rest of an upload is read away after an early answer, so that the client gets to see it. */
  readonly lingerMs: number;
  /** Kept open per sandbox and port. */
  readonly idleSockets: number;
  /** Below the 5 s after which Node servers close an idle connection: fewer are closed as we use them. */
  readonly idleSocketMs: number;
  readonly heldPerSandbox: number;
  /** Of all held requests together: the head, and what has arrived of the body before reading stopped. */
  readonly heldBytes: number;
  /** How long a navigation waits for a paused sandbox before it sees the warming page: thawing takes ~30 ms. */
  readonly thawMs: number;
  /** A failed start is tried again for a visitor at most this often. */
  readonly failedRetryMs: number;
  /** How recent client traffic must be for an open WebSocket to keep its sandbox awake. */
  readonly socketActiveMs: number;
  /** How long the other half of a half-closed WebSocket may be silent. */
  readonly halfOpenMs: number;
  readonly reportMs: number;
  /** How long requests in flight may take to end once the proxy closes. */
  readonly closeMs: number;
  readonly clientHeadBytes: number;
  /** To receive a whole request head: what a slow sender can hold open. */
  readonly clientHeadMs: number;
  /** To receive a whole request, upload included. */
  readonly clientRequestMs: number;
  readonly clientConnections: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS: Limits = {
  responseHeadBytes: 64 * KIB,
  responseFields: 256,
  interimResponses: 16,
  responseHeadMs: 2 * MINUTE,
  consoleHeadMs: 60 * MINUTE,
  connectMs: 10 * SECOND,
  bodySilenceMs: 2 * MINUTE,
  clientSilenceMs: 5 * MINUTE,
  lingerMs: 5 * SECOND,
  idleSockets: 64,
  idleSocketMs: 4 * SECOND,
  heldPerSandbox: 100,
  heldBytes: 32 * MIB,
  thawMs: 5 * SECOND,
  failedRetryMs: 10 * SECOND,
  socketActiveMs: 30 * SECOND,
  halfOpenMs: MINUTE,
  reportMs: SECOND,
  closeMs: 5 * SECOND,
  clientHeadBytes: 32 * KIB,
  clientHeadMs: 15 * SECOND,
  clientRequestMs: 60 * MINUTE,
  clientConnections: 10_000,
};
