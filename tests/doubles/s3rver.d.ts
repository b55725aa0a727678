declare module '@20minutes/s3rver' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** The part of it that is used here. */
  export default class S3rver {
    constructor(options: {
      silent: boolean;
      directory: string;
      vhostBuckets: boolean;
      configureBuckets: readonly { name: string }[];
    });
    readonly store: { getResourcePath(bucket: string, key: string | undefined, resource: string): string };
    configureBuckets(): Promise<unknown>;
    callback(): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
    on(event: 'error', listener: (error: Error) => void): this;
  }
}
