import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { ChunkOutlet, inChunks } from './chunk-outlet.ts';
import { Copies } from './copies.ts';
import { Findings } from './findings.ts';
import type { ArchiveInput, Notice, Staging } from './protocol.ts';
import { treatmentOf } from './scope.ts';
import { CHUNK_BYTES } from './tar-stream.ts';
import { tarOf } from './tar-writer.ts';
import { failureOf } from './thread-failure.ts';
import { type Chooser, type TreeEntry, walkTree } from './walk.ts';
import { requireExportable, zipOf } from './zip.ts';

const PROGRESS_MS = 200;

/** The system's clock for files ticks every few milliseconds, on some file systems every second or two. */
const CLOCK_TICK_MS = 2000;

/** More than can be copied in the moment for which a tree stands still. */
const TOO_MUCH_BYTES = 16 * 1024 ** 2;

if (parentPort === null)
  throw new Error('This module is the entry of a worker: start it with archiveTree().');
const port = parentPort;
const input = workerData as ArchiveInput;
const choose: Chooser = (path, isDirectory) => treatmentOf(path, isDirectory, input.scope);
const tell = (notice: Notice, moved: readonly ArrayBuffer[] = []): void => port.postMessage(notice, moved);
let told = 0;

try {
  const roots = layersToRead();
  const findings = new Findings();
  const entries =
    input.staging === undefined
      ? walkTree({ roots, choose, findings, opensFiles: true })
      : await setAside(roots, input.staging, findings);
  if (input.scope === 'export') await exportTo(new ChunkOutlet(port), entries);
  else await archive(new ChunkOutlet(port), entries, findings);
  tell({ type: 'end', facts: findings.facts });
} catch (error) {
  tell(failureOf(error));
}
port.close();

/** A layer of prepared dependencies alone is not even looked for. */
function layersToRead(): string[] {
  const [top = '', ...layers] = input.roots;
  return [top, ...layers.filter(addsSomething)];
}

function addsSomething(layer: string): boolean {
  return walkTree({ roots: [layer], choose, findings: new Findings() }).some(
    ({ kind }) => kind !== 'directory',
  );
}

/** Copies the contents of a tree that is in use, and once it stands still what has changed since. */
async function setAside(
  roots: readonly string[],
  { directory, syncedAt }: Staging,
  findings: Findings,
): Promise<TreeEntry[]> {
  const copies = new Copies(directory);
  copyInUse(roots, copies);
  let unsure = unsureSince(syncedAt);
  if (copies.unsureBytes(unsure) > TOO_MUCH_BYTES) {
    // Written just now, and sure to be whole once the clock has gone on: copied again before the tree stands still.
    await delay(Math.max(0, syncedAt + 2 * CLOCK_TICK_MS - Date.now()));
    const again = Date.now();
    execFileSync('sync', ['-f', directory]);
    copies.nextPass(unsure);
    copyInUse(roots, copies);
    unsure = unsureSince(again);
  }
  const still = once(port, 'message');
  tell({ type: 'copied' });
  await still;
  copies.nextPass(unsure);
  const entries = [...settled(roots, copies, findings)];
  if (input.scope === 'export') requireExportable(entries);
  tell({ type: 'settled' });
  return entries;
}

/** Of those that vanish or change meanwhile the last pass tells. */
function copyInUse(roots: readonly string[], copies: Copies): void {
  const findings = new Findings();
  for (const entry of walkTree({ roots, choose, findings })) {
    if (entry.kind === 'file') copies.keep(entry, findings);
    tellProgress(findings);
  }
}

/** Since when a file may have been changed without a trace, in nanoseconds since the epoch. */
function unsureSince(syncedAt: number): bigint {
  return BigInt(syncedAt - CLOCK_TICK_MS) * 1_000_000n;
}

function* settled(roots: readonly string[], copies: Copies, findings: Findings): Generator<TreeEntry> {
  // What is in the archive is counted when it is written.
  const second = new Findings();
  for (const entry of walkTree({ roots, choose, findings })) {
    if (entry.kind !== 'file') yield entry;
    else if (copies.keep(entry, second)) yield copies.kept(entry);
    else findings.note('vanished');
  }
}

async function archive(outlet: ChunkOutlet, entries: Iterable<TreeEntry>, findings: Findings): Promise<void> {
  for (const chunk of tarOf(entries, findings, (size) => outlet.memory(size))) {
    await outlet.send(chunk);
    tellProgress(findings);
  }
}

async function exportTo(outlet: ChunkOutlet, entries: Iterable<TreeEntry>): Promise<void> {
  for await (const chunk of inChunks(zipOf(entries), CHUNK_BYTES, outlet)) await outlet.send(chunk);
}

function tellProgress({ progress }: Findings): void {
  const now = Date.now();
  if (now - told < PROGRESS_MS) return;
  told = now;
  tell({ type: 'progress', ...progress });
}
