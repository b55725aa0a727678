import type { Clock } from '../domain/ids.ts';
import type { AgentPorts } from './ports.ts';
import type { Records } from './records.ts';

/** How long something unknown is left alone: an API restored from a backup may come to know it yet. */
const GRACE_MS = 10 * 60 * 1000;
/** How long a workspace stays in the trash. */
const TRASH_MS = 7 * 24 * 3600 * 1000;

/** Finds containers and workspaces of this instance that nobody ordered, and puts them away after a grace. */
export class Orphans {
  readonly #ports: Pick<AgentPorts, 'engine' | 'workspaces' | 'log'>;
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #putAway: (id: string) => Promise<void>;
  readonly #firstSeen = new Map<string, number>();

  /** @param putAway stops one, and moves its workspace to the trash */
  constructor(
    ports: Pick<AgentPorts, 'engine' | 'workspaces' | 'log' | 'clock'>,
    records: Records,
    putAway: (id: string) => Promise<void>,
  ) {
    this.#ports = ports;
    this.#records = records;
    this.#clock = ports.clock;
    this.#putAway = putAway;
  }

  /** @param ordered ids the API said this node should have */
  async sweep(ordered: ReadonlySet<string>): Promise<void> {
    const now = this.#clock();
    const found = await this.#find(ordered);
    for (const id of this.#firstSeen.keys()) if (!found.has(id)) this.#firstSeen.delete(id);
    for (const id of found) {
      const since = this.#firstSeen.get(id) ?? now;
      this.#firstSeen.set(id, since);
      if (now - since < GRACE_MS) continue;
      this.#ports.log.warn(
        'nobody ordered this sandbox: it is stopped and its workspace moved to the trash',
        {
          sandboxId: id,
        },
      );
      await this.#putAway(id);
      this.#firstSeen.delete(id);
    }
    await this.#ports.workspaces.emptyTrash(now - TRASH_MS);
  }

  async #find(ordered: ReadonlySet<string>): Promise<Set<string>> {
    const [containers, volumes, workspaces] = await Promise.all([
      this.#ports.engine.list(),
      this.#ports.engine.listVolumes(),
      this.#ports.workspaces.list(),
    ]);
    const present = [
      ...containers.map((view) => view.sandboxId),
      ...volumes,
      ...workspaces,
      ...this.#records.all().map((record) => record.id),
    ];
    return new Set(present.filter((id) => !ordered.has(id)));
  }
}
