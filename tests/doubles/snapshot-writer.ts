/**
 * A process of its own that changes a store of snapshots, and is killed at a step: `snapshot-writer.ts DIRECTORY put|remove ID STEP`.
 * Steps are the beginnings and ends of what it asks of the file system, and each chunk of the archive. Prints `done` when it gets
 * to its end before.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { chunksOf, contentOf, manifestOf } from '../contracts/snapshot-store.contract.ts';

const [directory, operation, id, step] = process.argv.slice(2);
if (directory === undefined || id === undefined) throw new Error('usage: … DIRECTORY put|remove ID STEP');

let steps = 0;
function pass(): void {
  steps += 1;
  if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
}

for (const name of ['chmod', 'mkdir', 'open', 'readFile', 'rename', 'rm', 'writeFile'] as const) {
  const real = fs[name] as (...given: unknown[]) => Promise<unknown>;
  const watched = async (...given: unknown[]) => {
    pass();
    const result = await real(...given);
    pass();
    return result;
  };
  Object.assign(fs, { [name]: watched });
}
syncBuiltinESMExports();
const { LocalSnapshots } = await import('../../src/adapters/snapshots/local.ts');

async function* watched(bytes: AsyncIterable<Uint8Array>) {
  for await (const chunk of bytes) {
    pass();
    yield chunk;
  }
}

const store = new LocalSnapshots(directory);
await store.open();
const content = contentOf(3_000_000);
if (operation === 'remove') await store.remove(id);
else await store.put(id, watched(chunksOf(content)), () => manifestOf(id, content));
process.stdout.write('done\n');
