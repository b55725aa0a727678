/** Calls that the library can abort and its type definitions do not know to. */
declare module 'dockerode' {
  interface Network {
    inspect(options: { abortSignal: AbortSignal }): Promise<NetworkInspectInfo>;
  }
  interface ImageInspectOptions {
    abortSignal?: AbortSignal;
  }
  interface GetEventsOptions {
    abortSignal?: AbortSignal;
  }
}

/** What of the engine's description of itself is used. */
export interface RawInfo {
  ServerVersion: string;
  CgroupVersion?: string;
  MemTotal: number;
  NCPU: number;
  Runtimes?: Record<string, unknown>;
  DefaultRuntime?: string;
}
