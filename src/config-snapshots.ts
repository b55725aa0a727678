import { ConfigError, type Reader, webAddress } from './config-reader.ts';
import type { RetentionLimits } from './domain/store.ts';

/** Where snapshots are kept: on the disk of their node, or in a bucket of an S3-compatible store. */
export type SnapshotPlace = { readonly kind: 'local' } | BucketPlace;

export interface BucketPlace {
  readonly kind: 's3';
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Before each key; empty, or ends with a slash. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const STORE = 'SANDBOXD_SNAPSHOT_STORE';
const OF_BUCKETS = [
  'SANDBOXD_S3_ENDPOINT',
  'SANDBOXD_S3_REGION',
  'SANDBOXD_S3_ACCESS_KEY_ID',
  'SANDBOXD_S3_SECRET_ACCESS_KEY',
] as const;
const NO_CREDENTIALS = 'SANDBOXD_S3_ACCESS_KEY_ID and SANDBOXD_S3_SECRET_ACCESS_KEY hold the credentials.';

/** @throws ConfigError */
export function readSnapshotPlace(read: Reader): SnapshotPlace {
  const store = read.text(STORE);
  if (store === undefined) {
    refuseBucketVariables(read);
    return { kind: 'local' };
  }
  const region = readRegion(read);
  return {
    kind: 's3',
    ...parseStore(store),
    endpoint: readEndpoint(read) ?? `https://s3.${region}.amazonaws.com`,
    region,
    accessKeyId: readKey(read, 'SANDBOXD_S3_ACCESS_KEY_ID'),
    secretAccessKey: readKey(read, 'SANDBOXD_S3_SECRET_ACCESS_KEY'),
  };
}

/** How many snapshots are kept; what is unset is no limit. @throws ConfigError */
export function readRetention(read: Reader): RetentionLimits {
  const keepLast = read.optionalInteger('SANDBOXD_SNAPSHOT_KEEP', 1, 10_000);
  const isCapped = read.text('SANDBOXD_SNAPSHOT_MAX_SIZE') !== undefined;
  return {
    ...(keepLast !== undefined && { keepLast }),
    ...(isCapped && { maxBytes: read.bytes('SANDBOXD_SNAPSHOT_MAX_SIZE', '') }),
  };
}

/** Somebody who sets one believes that snapshots leave this machine. */
function refuseBucketVariables(read: Reader): void {
  const set = OF_BUCKETS.filter((name) => read.text(name) !== undefined);
  if (set.length === 0) return;
  throw new ConfigError(
    `${set[0]} is set, but snapshots are kept on this machine. Set ${STORE}=s3://bucket, or unset ${set.join(', ')}.`,
  );
}

function parseStore(text: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[\w-][\w.-]{0,99}){0,8})\/?$/.exec(text);
  if (match !== null) {
    const [, bucket = '', path = ''] = match;
    return { bucket, prefix: path === '' ? '' : `${path.slice(1)}/` };
  }
  throw new ConfigError(
    `${STORE}: "${text}" is no place for snapshots. Give s3://bucket or s3://bucket/prefix, with a prefix of letters, digits, "_", "-" and ".", or leave it unset to keep them on this machine.`,
  );
}

function readRegion(read: Reader): string {
  const name = 'SANDBOXD_S3_REGION';
  const region = read.text(name) ?? 'us-east-1';
  if (/^[a-z0-9-]{1,64}$/.test(region)) return region;
  throw new ConfigError(
    `${name}: "${region}" is no region. Give something like eu-central-1, or what your store says; many take auto or us-east-1.`,
  );
}

function readEndpoint(read: Reader): string | undefined {
  const name = 'SANDBOXD_S3_ENDPOINT';
  const given = read.text(name);
  if (given === undefined) return undefined;
  const url = new URL(webAddress(name, given, NO_CREDENTIALS));
  if (url.search === '' && url.hash === '') return url.href.replace(/\/+$/, '');
  throw new ConfigError(
    `${name}: is not where an API begins. Give its address alone, like https://s3.example.com; the bucket is named by ${STORE}.`,
  );
}

function readKey(read: Reader, name: (typeof OF_BUCKETS)[number]): string {
  const key = read.text(name);
  if (key === undefined) {
    throw new ConfigError(
      `${name} is not set, and ${STORE} needs it. Give the credentials that may use the bucket.`,
    );
  }
  if (/^[\x21-\x7e]{1,512}$/.test(key)) return key;
  throw new ConfigError(`${name}: is no key. Give printable ASCII characters without spaces.`);
}
