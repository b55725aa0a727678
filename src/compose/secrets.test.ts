import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openKeyRing } from './secrets.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');

it("takes the operator's keys where there are some, and makes none then", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'secrets-'));
  const ring = await openKeyRing({
    dataDir: directory.path,
    secretsKey: keyOf(1),
    previousSecretsKeys: [keyOf(2)],
  });
  expect([ring.makesKeys, ring.named]).toEqual([false, 1]);
  expect(await readdir(directory.path)).toEqual([]);
});

it('keeps its own in the data directory otherwise', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'secrets-'));
  const ring = await openKeyRing({ dataDir: directory.path, secretsKey: undefined, previousSecretsKeys: [] });
  expect([ring.makesKeys, ring.named]).toEqual([true, 0]);
  expect(await readdir(join(directory.path, 'keys'))).toEqual(['secrets']);
});
