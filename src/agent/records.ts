import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '../domain/errors.ts';
import type { StopReason } from '../domain/event.ts';
import type { SandboxOrder } from '../domain/node.ts';
import { readAll, removeDurably, writeDurably } from '../host/durable.ts';

/** Why a sandbox is being started. */
export type StartCause = 'create' | 'order' | 'wake';

/** A change begun and not finished. Written before its first side effect, so that a restart finishes it. */
export type Operation = {
  readonly id: string;
  /** The generation that is applied once this is done. */
  readonly fulfils: number;
} & (
  | {
      readonly kind: 'start';
      readonly cause: StartCause;
      /** Whether what it takes the place of was up, and comes up again should this fail. */
      readonly wasUp?: boolean;
      /** It has failed: what it was to take the place of comes back, then that is told. */
      readonly failure?: { readonly code: ErrorCode; readonly message: string };
    }
  | { readonly kind: 'stop'; readonly reason: StopReason }
  | { readonly kind: 'delete' }
);

/** What a node remembers of one sandbox over its own restarts. */
export interface SandboxRecord {
  readonly id: string;
  /** The newest order known. */
  readonly order: SandboxOrder;
  /** The generation that was carried out, or failed for good; 0 before the first. */
  readonly applied: number;
  readonly state: 'new' | 'running' | 'paused' | 'stopped' | 'error';
  readonly operation?: Operation;
  readonly errorMessage?: string;
  /** The port of the web process when last seen; null for an app without one. */
  readonly webPort?: number | null;
  readonly lastActiveAt: number;
}

/** Whether nothing of the tenant's can be running. A start or stop that was cut off may have left its container up. */
export const isAtRest = ({ state, operation }: SandboxRecord): boolean =>
  operation === undefined && state !== 'running' && state !== 'paused';

/** Whether a sandbox stands still because another one takes its place, or has taken it and the API does not know yet. */
export const isReplaced = (records: Pick<Records, 'all'>, id: string): boolean =>
  records.all().some(({ order, state, operation }) => {
    if (order.replaces?.sandboxId !== id) return false;
    return operation?.kind === 'start' ? operation.failure === undefined : state !== 'error';
  });

const ENDING = '.json';

/** The records of all sandboxes of this node, or of something else it keeps: in memory to read, on disk before a write returns. */
export class Records<Kept extends { readonly id: string } = SandboxRecord> {
  readonly #directory: string;
  readonly #records = new Map<string, Kept>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open<Kept extends { readonly id: string } = SandboxRecord>(
    directory: string,
  ): Promise<Records<Kept>> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const records = new Records<Kept>(directory);
    for (const { content } of await readAll(directory, ENDING)) {
      const record = JSON.parse(content) as Kept;
      records.#records.set(record.id, record);
    }
    return records;
  }

  get(id: string): Kept | undefined {
    return this.#records.get(id);
  }

  all(): Kept[] {
    return [...this.#records.values()];
  }

  async save(record: Kept): Promise<Kept> {
    await writeDurably(this.#path(record.id), JSON.stringify(record));
    this.#records.set(record.id, record);
    return record;
  }

  /** Keeps a detail in memory; it reaches the disk with the next `save`. For what may be lost with the process. */
  note(record: Kept): void {
    this.#records.set(record.id, record);
  }

  async remove(id: string): Promise<void> {
    await removeDurably(this.#path(id));
    this.#records.delete(id);
  }

  #path(id: string): string {
    return join(this.#directory, `${id}${ENDING}`);
  }
}
