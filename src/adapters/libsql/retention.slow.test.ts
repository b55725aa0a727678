import * as fc from 'fast-check';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTENT } from '../../../tests/fakes/fake-snapshots.ts';
import { memoryStore } from '../../../tests/fakes/memory-store.ts';
import { aSandbox, aSnapshot } from '../../../tests/fakes/rows.ts';
import type { Change } from '../../domain/store.ts';
import { openFileStore } from './file.ts';

/** What a database may hold: which app each snapshot is of, how large it is, and what became of it. */
const history = fc.array(
  fc.record({
    app: fc.constantFrom(undefined, 'app-1', 'app-2', 'app-3'),
    sandbox: fc.constantFrom('sandbox-1', 'sandbox-2'),
    sizeBytes: fc.integer({ min: 0, max: 100 }),
    status: fc.constantFrom('ready', 'ready', 'ready', 'failed', 'capturing'),
    isDiscarded: fc.boolean(),
    maker: fc.constantFrom(undefined, undefined, undefined, 'creating', 'error', 'running'),
  }),
  { maxLength: 20 },
);
const limits = fc.record(
  { keepLast: fc.integer({ min: 1, max: 5 }), maxBytes: fc.integer({ min: 0, max: 600 }) },
  { requiredKeys: [] },
);
type History = typeof history extends fc.Arbitrary<infer Rows> ? Rows : never;

const changesOf = (rows: History): Change[] =>
  rows.flatMap(({ app, sandbox, sizeBytes, status, isDiscarded, maker }) => {
    const content = status === 'ready' ? { ...CONTENT, sizeBytes } : undefined;
    const snapshot = aSnapshot({ sourceAppId: app, sourceSandboxId: sandbox, status, content });
    const { owner, id } = snapshot;
    const made = aSandbox({ fromSnapshotId: id, status: maker ?? 'running' });
    return [
      { kind: 'snapshot.insert', snapshot },
      ...(isDiscarded ? [{ kind: 'snapshot.discard', owner, id } as const] : []),
      ...(maker === undefined ? [] : [{ kind: 'sandbox.insert', sandbox: made } as const]),
    ];
  });

describe('Retention', () => {
  it('lets go of the same snapshots as who decides about one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(history, limits, async (rows, asked) => {
        await using directory = await mkdtempDisposable(join(tmpdir(), 'retention-'));
        await using file = await openFileStore(join(directory.path, 'sandboxd.db'));
        const memory = memoryStore();
        const changes = changesOf(rows);
        for (const store of [file, memory]) await store.commit(...changes);
        expect(await file.snapshots.surplus(asked)).toEqual(await memory.snapshots.surplus(asked));
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no app without its newest, and nothing too large that may go', async () => {
    await fc.assert(
      fc.asyncProperty(history, limits, async (rows, asked) => {
        const store = memoryStore();
        await store.commit(...changesOf(rows));
        const before = (await store.snapshots.list('alice', { limit: 100 })).filter(
          ({ status }) => status === 'ready',
        );
        const going = new Set((await store.snapshots.surplus(asked)).map(({ id }) => id));
        for (const of of Map.groupBy(before, (row) => row.sourceAppId ?? row.sourceSandboxId).values())
          expect(going).not.toContain(of[0]?.id);
        for (const id of going) await store.commit({ kind: 'snapshot.discard', owner: 'alice', id });
        expect(await store.snapshots.surplus(asked)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
