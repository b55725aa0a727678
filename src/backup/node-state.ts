import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigRecord, untoldConfig } from '../agent/config/record.ts';
import type { SandboxRecord } from '../agent/records.ts';
import type { TaskRecord } from '../agent/tasks/record.ts';
import type { SandboxOrder } from '../domain/node.ts';
import { NODE_FILE, parseJson } from './format.ts';

export interface NodeFile {
  /** Below the node's directory, like `sandboxes/<id>.json`. */
  readonly path: string;
  readonly content: Uint8Array;
}

const OUTBOX = 'outbox';
/** Left out: the API tells a node again what it does not have, and the node's may be newer than the database's. Nothing is started before that. */
const CONFIGS = 'configs';
const ACKNOWLEDGED = 'outbox/acknowledged.json';

/**
 * The node's records, as it goes on writing them: each file is whole, and the outbox comes last, what it knows to be
 * acknowledged after everything else. So its numbers are never lower than at the first moment of this.
 */
export async function* readNodeState(directory: string): AsyncGenerator<NodeFile> {
  const kinds = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const names = kinds.map(({ name }) => name).filter((name) => name !== OUTBOX && name !== CONFIGS);
  for (const kind of [...names, OUTBOX]) {
    const files = (await readdir(join(directory, kind))).map((name) => `${kind}/${name}`);
    const wanted = files.filter((path) => NODE_FILE.test(path) && path !== ACKNOWLEDGED);
    for (const path of wanted) yield* readIfThere(directory, path);
  }
  yield* readIfThere(directory, ACKNOWLEDGED);
}

async function* readIfThere(directory: string, path: string): AsyncGenerator<NodeFile> {
  try {
    yield { path, content: await readFile(join(directory, path)) };
  } catch (error) {
    // Done with, and removed since the directory was read.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** What is restored of a record; nothing of what is better forgotten. */
export function restoredNodeFiles(file: NodeFile, orders: ReadonlyMap<string, SandboxOrder>): NodeFile[] {
  const { path, content } = file;
  if (path.startsWith('sandboxes/')) {
    const record = parseJson(path, content) as SandboxRecord;
    // A creation that was under way is ordered again, and done from its beginning.
    if (record.state === 'new') return [];
    const untold = { path: path.replace(/^sandboxes/, CONFIGS), content: encode(untoldConfig(record.id)) };
    return [{ path, content: encode(asleep(record, orders.get(record.id))) }, untold];
  }
  if (path.startsWith('tasks/')) {
    // One that was not begun would wake its sandbox, and nobody waits for it any more.
    return (parseJson(path, content) as TaskRecord).isBegun ? [file] : [];
  }
  return path.startsWith(`${CONFIGS}/`) ? [] : [file];
}

/**
 * At rest, with its order carried out as far as the database knows: so nothing starts by itself, and the next order is
 * news. The node's own copy of the order may be newer than the database's, which would make it ignore the next one.
 */
function asleep(record: SandboxRecord, ordered: SandboxOrder | undefined): SandboxRecord {
  const order = ordered ?? record.order;
  const state = record.state === 'error' ? 'error' : 'stopped';
  return { ...record, order, applied: order.generation, state, operation: undefined };
}

const encode = (record: SandboxRecord | ConfigRecord): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(record));
