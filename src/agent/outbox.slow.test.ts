import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Outbox } from './outbox.ts';

it('the outbox gives what has piled up in parts, the oldest first', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'outbox-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const outbox = await Outbox.open(directory);
  const draft = { at: 1, sandboxId: '01JSANDBOX0000000000000000', type: 'sandbox.started' } as const;
  // Each is synced to the disk, twice.
  const added = Array.from({ length: 503 }, (_, at) =>
    outbox.add(`k${at}`, { ...draft, severity: 'info', message: String(at) }),
  );
  await Promise.all(added);
  expect(outbox.pending()).toHaveLength(500);
  expect(outbox.hasMore).toBe(true);
  await outbox.acknowledge(500);
  expect(outbox.pending().map(({ seq, message }) => `${seq} ${message}`)).toEqual([
    '501 500',
    '502 501',
    '503 502',
  ]);
  expect(outbox.hasMore).toBe(false);
});
