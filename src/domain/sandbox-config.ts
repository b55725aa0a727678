/**
 * What an app's configuration comes to in one of its sandboxes, with values in the clear: for the channel, and for memory. A
 * node seals it before it touches its disk.
 */
export type SandboxConfig = ReadableConfig | UnreadableConfig;

export interface ReadableConfig {
  /** Grows with every change of the app's configuration; 0 is never delivered. */
  readonly revision: number;
  /** For the environment of the web process and the workers. */
  readonly runtime: Readonly<Record<string, string>>;
  /** For the environment of coding agents. */
  readonly agent: Readonly<Record<string, string>>;
  /** Names of what is to be masked in output, in either of them. */
  readonly sensitive: readonly string[];
}

/** A value that should have been delivered cannot be opened: nothing of the sandbox starts until that is mended. */
export interface UnreadableConfig {
  readonly revision: number;
  /** The name of the first such item, as people are told it. */
  readonly unreadable: string;
}

export const isReadable = (config: SandboxConfig): config is ReadableConfig => !('unreadable' in config);

/**
 * Whether one takes the place of what a node has. A value that could not be read may be readable later, when a key has come
 * back, and nothing of the configuration has changed then.
 */
export const isNews = (config: SandboxConfig, known: SandboxConfig | undefined): boolean =>
  known === undefined ||
  config.revision > known.revision ||
  (config.revision === known.revision && !isReadable(known));

/** What a node says that it has: of one that could not be read nothing, so that it is handed over again when it can be. */
export const revisionOf = (config: SandboxConfig | undefined): number | undefined =>
  config !== undefined && isReadable(config) ? config.revision : undefined;

/** The values that output is masked for, each once. */
export const secretsOf = (config: SandboxConfig): string[] => {
  if (!isReadable(config)) return [];
  const sensitive = new Set(config.sensitive);
  // Entry by entry: some names, like "constructor", are found in every object.
  const entries = [config.runtime, config.agent].flatMap(Object.entries<string>);
  return [...new Set(entries.filter(([name]) => sensitive.has(name)).map(([, value]) => value))];
};
