import { describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { ConfigError, type Environment, readerOf } from './config-reader.ts';
import { readRetention, readSnapshotPlace } from './config-snapshots.ts';

const KEYS = {
  SANDBOXD_S3_ACCESS_KEY_ID: 'test-key-not-real',
  SANDBOXD_S3_SECRET_ACCESS_KEY: 'test-secret-not-real',
};
const BUCKET = { SANDBOXD_SNAPSHOT_STORE: 's3://bucket', ...KEYS };

const placeOf = (env: Environment) => readSnapshotPlace(readerOf(env));
const retentionOf = (env: Environment) => readRetention(readerOf(env));

describe('The configuration of snapshots', () => {
  it('keeps all of them on the node where nothing is set', () => {
    const { snapshots, retention } = loadConfig({});
    expect(snapshots).toEqual({ kind: 'local' });
    expect(retention).toEqual({});
  });

  it('names a bucket of the vendor unless told otherwise', () => {
    expect(placeOf(BUCKET)).toEqual({
      kind: 's3',
      endpoint: 'https://s3.us-east-1.amazonaws.com',
      region: 'us-east-1',
      bucket: 'bucket',
      prefix: '',
      accessKeyId: 'test-key-not-real',
      secretAccessKey: 'test-secret-not-real',
    });
    expect(placeOf({ ...BUCKET, SANDBOXD_S3_REGION: 'eu-central-1' })).toMatchObject({
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
    });
  });

  it('names any other store', () => {
    const { snapshots, unknownNames } = loadConfig({
      ...BUCKET,
      SANDBOXD_S3_ENDPOINT: 'http://127.0.0.1:9000/storage/v1/s3/',
      SANDBOXD_S3_REGION: 'auto',
    });
    expect(snapshots).toMatchObject({ endpoint: 'http://127.0.0.1:9000/storage/v1/s3', region: 'auto' });
    expect(unknownNames).toEqual([]);
  });

  it.each([
    ['s3://my.own-bucket', 'my.own-bucket', ''],
    ['s3://bucket/', 'bucket', ''],
    ['s3://bucket/apps', 'bucket', 'apps/'],
    ['s3://bucket/Apps_1/v1.2/', 'bucket', 'Apps_1/v1.2/'],
  ])('takes %s apart', (store, bucket, prefix) => {
    expect(placeOf({ ...BUCKET, SANDBOXD_SNAPSHOT_STORE: store })).toMatchObject({ bucket, prefix });
  });

  it.each([
    ['SANDBOXD_SNAPSHOT_STORE', 'bucket'],
    ['SANDBOXD_SNAPSHOT_STORE', '/var/snapshots'],
    ['SANDBOXD_SNAPSHOT_STORE', 'gs://bucket'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://Bucket'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://b'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://bucket/../other'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://bucket//apps'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://bucket/a b'],
    ['SANDBOXD_SNAPSHOT_STORE', 's3://bucket/a?b'],
    ['SANDBOXD_S3_ENDPOINT', 's3.test'],
    ['SANDBOXD_S3_ENDPOINT', 'ftp://s3.test'],
    ['SANDBOXD_S3_ENDPOINT', 'https://s3.test?bucket=b'],
    ['SANDBOXD_S3_REGION', 'Frankfurt am Main'],
    ['SANDBOXD_S3_ACCESS_KEY_ID', ''],
    ['SANDBOXD_S3_ACCESS_KEY_ID', 'two words'],
    ['SANDBOXD_S3_SECRET_ACCESS_KEY', ''],
    ['SANDBOXD_S3_SECRET_ACCESS_KEY', 'schlüssel-not-real'],
  ])('refuses %s=%s and names the variable', (name, value) => {
    expect(() => placeOf({ ...BUCKET, [name]: value })).toThrow(ConfigError);
    expect(() => placeOf({ ...BUCKET, [name]: value })).toThrow(name);
  });

  it('refuses the key of a bucket that is not named: its owner believes that snapshots leave the machine', () => {
    expect(() => placeOf(KEYS)).toThrow(
      'SANDBOXD_S3_ACCESS_KEY_ID is set, but snapshots are kept on this machine. Set SANDBOXD_SNAPSHOT_STORE=s3://bucket, or unset SANDBOXD_S3_ACCESS_KEY_ID, SANDBOXD_S3_SECRET_ACCESS_KEY.',
    );
  });

  it.each([
    { SANDBOXD_S3_SECRET_ACCESS_KEY: 'secret not real' },
    { SANDBOXD_S3_ENDPOINT: 'https://me:not-real@s3.test' },
  ])('never repeats a secret (%o)', (wrong) => {
    expect(() => placeOf({ ...BUCKET, ...wrong })).toThrow(ConfigError);
    expect(() => placeOf({ ...BUCKET, ...wrong })).not.toThrow(/not.real/);
  });

  it('says how many are kept', () => {
    expect(retentionOf({ SANDBOXD_SNAPSHOT_KEEP: '1' })).toEqual({ keepLast: 1 });
    expect(retentionOf({ SANDBOXD_SNAPSHOT_MAX_SIZE: '50g' })).toEqual({ maxBytes: 50 * 2 ** 30 });
    expect(retentionOf({ SANDBOXD_SNAPSHOT_KEEP: '10000', SANDBOXD_SNAPSHOT_MAX_SIZE: '64m' })).toEqual({
      keepLast: 10_000,
      maxBytes: 64 * 2 ** 20,
    });
  });

  it.each([
    ['SANDBOXD_SNAPSHOT_KEEP', '0'],
    ['SANDBOXD_SNAPSHOT_KEEP', '10001'],
    ['SANDBOXD_SNAPSHOT_KEEP', '1.5'],
    ['SANDBOXD_SNAPSHOT_MAX_SIZE', '1m'],
    ['SANDBOXD_SNAPSHOT_MAX_SIZE', 'much'],
  ])('refuses %s=%s and names the variable', (name, value) => {
    expect(() => retentionOf({ [name]: value })).toThrow(ConfigError);
    expect(() => retentionOf({ [name]: value })).toThrow(name);
  });
});
