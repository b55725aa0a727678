import type { Ports } from '../../domain/ports.ts';
import { replacementOf } from '../../domain/replacements.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import { type SandboxView, viewSandbox } from '../../domain/sandbox-view.ts';

/** A restore that is under way. */
export interface Restoring {
  /** The sandbox that is about to take the app's place. */
  readonly view: SandboxView;
  /** Of the snapshot; undefined when it was deleted meanwhile. */
  readonly name: string | undefined;
  /** Whether what is replaced was captured. */
  readonly isKept: boolean;
}

/** The restore that is about to replace a sandbox, if there is one. */
export async function restoringOf(
  ports: Ports,
  sandbox: Sandbox | undefined,
): Promise<Restoring | undefined> {
  const replacement = sandbox && (await replacementOf(ports, sandbox));
  if (replacement === undefined) return undefined;
  const find = (id = '') => ports.store.snapshots.find(replacement.owner, id);
  const [view, snapshot, safety] = await Promise.all([
    viewSandbox(ports, replacement),
    find(replacement.fromSnapshotId),
    find(replacement.replaces?.safety.id),
  ]);
  return { view, name: snapshot?.name, isKept: safety?.status === 'ready' };
}
