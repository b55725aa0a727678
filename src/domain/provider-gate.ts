import type { Upstream } from './provider.ts';
import type { TaskUsage } from './task.ts';

/** A provider turned a request away in a way that asking again does not mend. */
export interface ProviderRefusal {
  /** The HTTP status it answered with; 502 and 504 when it did not answer. */
  readonly status: number;
  /** For people; the provider's own words, cut, and without the key. */
  readonly message: string;
  /**
   * Whether it holds for every request of the task: a bad key, no money, a provider that is down. It does not for a
   * model the provider does not know, because an agent may ask a second one for small things and do without.
   */
  readonly isFinal: boolean;
}

export interface GateRequest {
  readonly upstream: Upstream;
  /** What the task has taken so far: not nothing after a restart of the node. */
  readonly usage: TaskUsage;
  /** Told the whole of it after every answer that cost something. Does not throw. */
  onUsage(usage: TaskUsage): void;
  /** Told once of a final refusal, and each time of another. Does not throw. */
  onRefusal(refusal: ProviderRefusal): void;
}

/** A way to a provider that is open. Disposing of it, also repeatedly, cuts every request off, and then tells nothing more. */
export interface GateOpening extends AsyncDisposable {
  readonly usage: TaskUsage;
  /** What stands between the agent and its provider at the moment, for people; undefined when all is well. */
  readonly trouble: string | undefined;
  /** What the provider failed the last request with; undefined when it did not. */
  readonly failure: string | undefined;
}

/**
 * Lets the agents in sandboxes reach their providers without a credential: they talk to a socket in a directory of
 * their sandbox, and the key is added on the node. The socket is the identity. Whoever is in the sandbox may use it
 * while it is open, for what a task needs and nothing else.
 */
export interface ProviderGate extends AsyncDisposable {
  /**
   * Opens until disposed of. Replaces an earlier opening of the same directory, and what a node that was killed has
   * left there. After a final refusal every further request is answered with it, without asking the provider.
   *
   * A provider's failures are the agent's to handle: what may pass is passed on, and what will not is told to it in a
   * way that makes it give up. Six failures in a row without an answer between them are taken for final.
   * @param directory the host directory that the sandbox has at PROVIDER_DIRECTORY, the node's alone to write to
   * @throws the system's error when there is no such directory; nothing is open then
   */
  open(directory: string, request: GateRequest): Promise<GateOpening>;
}
