/**
 * What a node remembers of the configuration of a sandbox's app over its own restarts. It is apart from the sandbox's own
 * record: it is taken over at any time, also while that one is being changed.
 */
export interface ConfigRecord {
  /** The sandbox's. */
  readonly id: string;
  readonly revision: number;
  /** A value of it could not be read by the server. */
  readonly unreadable?: boolean;
  /** The configuration as JSON, sealed: values in the clear are in memory alone. */
  readonly sealed: string;
}

/**
 * Stands for a configuration that there may be, and that the server tells: without it a sandbox would be started as if there
 * were none.
 */
export const untoldConfig = (id: string): ConfigRecord => ({ id, revision: 0, sealed: '' });

/** What is delivered has a revision above that. */
export const isUntold = ({ revision }: ConfigRecord): boolean => revision === 0;
