/** What the checks judge: this machine's facts, gathered elsewhere. Sizes are bytes. */
export interface MachineFacts {
  readonly platform: string;
  readonly arch: string;
  readonly isRoot: boolean;
  /** Whether this user may open the engine's socket; undefined when there is none. */
  readonly mayUseEngine: boolean | undefined;
  readonly memoryBytes: number;
  /** Free where the data directory is, or will be. */
  readonly freeDiskBytes: number;
  readonly dataDir: string;
  readonly dataDirWritable: boolean;
  readonly listen: { readonly host: string; readonly port: number };
  readonly portState: 'free' | 'ours' | 'taken' | 'forbidden';
  readonly hasIptables: boolean;
  readonly engine: EngineFacts | undefined;
  /** Where snapshots are kept; undefined for the data directory. */
  readonly bucket: BucketFacts | undefined;
  /** Whether sandboxd could install Docker itself. */
  readonly canInstall: boolean;
  /** `SANDBOXD_*` variables that nobody reads. */
  readonly unknownNames: readonly string[];
}

export interface BucketFacts {
  readonly name: string;
  /** What keeps it from being used, and what to do about it. */
  readonly trouble: string | undefined;
}

export interface EngineFacts {
  readonly version: string;
  /** Like `1.41`. */
  readonly apiVersion: string;
  readonly storageDriver: string;
}
