import { describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { inItself, snapshotStoreContract } from '../contracts/snapshot-store.contract.ts';
import { MemorySnapshots } from '../fakes/memory-snapshots.ts';

snapshotStoreContract('Memory', () => inItself(new MemorySnapshots()));

describe('Snapshots in memory', () => {
  it('fail once as a test says', async () => {
    const store = new MemorySnapshots({ isShared: true });
    const failure = new SandboxdError('unavailable', 'The snapshot store does not answer.');
    store.failure = failure;
    expect(await store.list().catch((thrown: unknown) => thrown)).toBe(failure);
    expect(await store.list()).toEqual([]);
  });
});
