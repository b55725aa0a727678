import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { S3_KEYS, S3Server } from '../../tests/doubles/s3-server.ts';
import { typeCommand } from '../../tests/harness/command-line.ts';
import { EXIT } from './failure.ts';

it.each(['SANDBOXD_S3_ACCESS_KEY_ID', 'SANDBOXD_S3_SECRET_ACCESS_KEY'])(
  'says before a server starts that the bucket refuses its %s',
  async (name) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sandboxd-cli-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    await using bucket = await S3Server.start();
    const { exitCode, noted } = await typeCommand(['up'], {
      SANDBOXD_DATA_DIR: dataDir,
      // Taken, so that nothing is prepared after the machine was looked at.
      SANDBOXD_LISTEN: new URL(bucket.endpoint).host,
      SANDBOXD_SNAPSHOT_STORE: `s3://${bucket.bucket}`,
      SANDBOXD_S3_ENDPOINT: bucket.endpoint,
      SANDBOXD_S3_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
      SANDBOXD_S3_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
      [name]: 'test-key-not-real',
    });
    expect(exitCode).toBe(EXIT.failed);
    expect(noted).toContain('is taken by another program');
    expect(noted).toContain(`the bucket ${bucket.bucket} cannot be used`);
    expect(noted).toContain('refused the credentials');
  },
);
