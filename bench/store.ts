import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../src/adapters/libsql/file.ts';
import type { Change } from '../src/domain/store.ts';
import { anApp, anEvent, newId, OWNER } from '../tests/fakes/rows.ts';

/** How fast the embedded store is on this machine: `node bench/store.ts`. */
const EVENTS = 100_000;
const BATCH = 500;
const ROUNDS = 2_000;

await using directory = await mkdtempDisposable(join(tmpdir(), 'bench-'));
await using store = await openFileStore(join(directory.path, 'sandboxd.db'));

async function measure(
  what: string,
  rounds: number,
  act: (round: number) => Promise<unknown>,
): Promise<void> {
  const began = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    await act(round);
    // The driver keeps what it made until the event loop turns.
    if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const milliseconds = (performance.now() - began) / rounds;
  console.log(`${what.padEnd(44)} ${milliseconds.toFixed(3)} ms  ${Math.round(1000 / milliseconds)}/s`);
}

const app = anApp();
await store.commit({ kind: 'app.insert', app });
await measure(`a batch of ${BATCH} events`, EVENTS / BATCH, (batch) => {
  const events = Array.from({ length: BATCH }, (_, index): Change => {
    return { kind: 'event', event: anEvent(batch % 50 === 0 && index === 0 ? { appId: app.id } : {}) };
  });
  return store.commit(...events);
});
await measure('an app with its event', ROUNDS, () => {
  const created = anApp();
  return store.commit(
    { kind: 'app.insert', app: created },
    { kind: 'event', event: anEvent({ appId: created.id }) },
  );
});
await measure('an app', ROUNDS, () => store.apps.find(OWNER, app.id));
await measure('a page of 50 apps', ROUNDS / 4, () => store.apps.list(OWNER, { limit: 50 }));
await measure(`a page of 50 events among ${EVENTS}`, ROUNDS / 4, () =>
  store.events.list(OWNER, { limit: 50, before: newId() }),
);
await measure(`one app's few events among ${EVENTS}`, ROUNDS, () =>
  store.events.list(OWNER, { limit: 50, appId: app.id }),
);
