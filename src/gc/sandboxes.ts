import type { Engine } from '../domain/engine.ts';
import type { GarbageSource } from '../domain/garbage.ts';
import type { SandboxReads } from '../domain/store.ts';
import type { Workspaces } from '../domain/workspace.ts';

export interface SandboxTraces {
  readonly engine: Pick<Engine, 'list' | 'listVolumes'>;
  readonly workspaces: Pick<Workspaces, 'list'>;
  readonly rows: Pick<SandboxReads, 'ofNode'>;
  readonly nodeId: string;
}

const NOTE = 'nobody ordered it: the node stops it and moves its workspace to the trash';

/** What this instance has of sandboxes that nobody ordered. The node puts it away by itself, after a grace. */
export function unorderedSandboxes({ engine, workspaces, rows, nodeId }: SandboxTraces): GarbageSource {
  return {
    kind: 'sandbox',
    async find() {
      const [containers, volumes, homes] = await Promise.all([
        engine.list(),
        engine.listVolumes(),
        workspaces.list(),
      ]);
      // Read last: what was ordered meanwhile is known by now.
      const ordered = new Set((await rows.ofNode(nodeId)).map(({ id }) => id));
      const present = new Set([...containers.map(({ sandboxId }) => sandboxId), ...volumes, ...homes]);
      const left = [...present].filter((id) => !ordered.has(id));
      return left.map((id) => ({ kind: 'sandbox', name: id, note: NOTE }) as const);
    },
  };
}
