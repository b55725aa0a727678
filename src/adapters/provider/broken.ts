/** Why an exchange is broken off, with what the agent is told of it. */
export class Broken extends Error {
  override readonly name = 'Broken';
  readonly status: number;
  /** Whether it is the provider's failure. */
  readonly isProviders: boolean;

  constructor(status: number, message: string, isProviders: boolean, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.isProviders = isProviders;
  }
}

/** Nobody hears it: the status says so to whoever reads the code. */
export const agentLeft = (): Broken => new Broken(499, 'The agent has gone away.', false);

export const tooLarge = (maxBytes: number): Broken =>
  new Broken(413, `The request has more than ${maxBytes} bytes.`, false);

export const silent = (ms: number): Broken =>
  new Broken(504, `The provider did not answer for ${Math.ceil(ms / 1000)} s.`, true);

/** What no agent can do anything about: the operator has named an address that does not serve the API as it is. */
export const unfit = (what: string): Broken =>
  new Broken(502, `The provider ${what}. Its address has to be one that serves the API as it is.`, true);

/**
 * Of a failure on the way nothing is told but its code: its message may name hosts of the operator's network.
 * @param begun whether a part of the answer has come
 */
export function asBroken(thrown: unknown, begun: boolean): Broken {
  if (thrown instanceof Broken) return thrown;
  const code = (thrown as { code?: unknown } | null)?.code;
  const why = typeof code === 'string' ? ` (${code})` : '';
  const what = begun ? 'broke off its answer' : 'could not be reached';
  return new Broken(502, `The provider ${what}${why}.`, true, { cause: thrown });
}
