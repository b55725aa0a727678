/**
 * A process of its own that writes to a store: `store-writer.ts FILE COUNT`. Prints the id of each event once it is
 * committed; with COUNT Infinity it goes on until it is killed.
 */
import { openFileStore } from '../../src/adapters/libsql/file.ts';
import { anEvent } from '../fakes/rows.ts';

const [file, count] = process.argv.slice(2);
if (file === undefined || count === undefined) throw new Error('usage: store-writer.ts FILE COUNT');

await using store = await openFileStore(file);
for (let left = Number(count); left > 0; left -= 1) {
  const event = anEvent();
  await store.commit({ kind: 'event', event });
  process.stdout.write(`${event.id}\n`);
  // Lets the others in, and the output out.
  await new Promise((resolve) => setImmediate(resolve));
}
