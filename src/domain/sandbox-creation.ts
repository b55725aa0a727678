import { carryOut, carryOutDeletion } from './carry-out.ts';
import { asSandboxdError, isCode, SandboxdError } from './errors.ts';
import { resolveManifest } from './manifest.ts';
import type { SandboxObservation } from './node.ts';
import type { Ports } from './ports.ts';
import { findPreset } from './preset.ts';
import { recorded } from './record.ts';
import { requireSandbox } from './require.ts';
import type { IdlePolicy, Sandbox, SandboxBlueprint } from './sandbox.ts';
import type { Change } from './store.ts';

export type Creation = SandboxBlueprint &
  Pick<Sandbox, 'owner' | 'nodeId'> &
  Partial<Pick<Sandbox, 'appId' | 'project' | 'visibility' | 'idlePolicy' | 'keepaliveUntil' | 'replaces'>>;

/** The row of a sandbox that is about to be made. */
export function newSandbox(ports: Pick<Ports, 'newId' | 'clock'>, creation: Creation): Sandbox {
  const now = ports.clock();
  return {
    visibility: 'public',
    idlePolicy: idlePolicyFor(creation),
    ...creation,
    id: ports.newId(),
    desired: 'running',
    generation: 1,
    revision: 1,
    status: 'creating',
    paused: false,
    createdAt: now,
    updatedAt: now,
  };
}

/** What nobody can visit nobody can wake: a background worker sleeps only when it is told to. */
function idlePolicyFor({ preset }: SandboxBlueprint): IdlePolicy {
  const found = preset === undefined ? undefined : findPreset(preset);
  if (found === undefined) return 'sleep';
  return resolveManifest(found.manifest).manifest.web === undefined ? 'always_on' : 'sleep';
}

/** The changes that a creation begins with. */
const begun = (ports: Ports, sandbox: Sandbox): Change[] => [
  { kind: 'sandbox.insert', sandbox },
  recorded(ports, 'sandbox.create.started', {
    ...about(sandbox),
    message: `A ${sandbox.preset ?? sandbox.template} sandbox is being created.`,
  }),
];

/** @throws conflict, sandbox_capacity (nothing is left of it then), and what else the node does */
export async function create(ports: Ports, sandbox: Sandbox): Promise<Sandbox> {
  await ports.store.commit(...begun(ports, sandbox));
  try {
    await carryOutOrLeave(ports, sandbox);
  } catch (error) {
    if (isCode(error, 'sandbox_capacity')) {
      await ports.store.commit(...withdrawn(ports, sandbox, error));
      await carryOutDeletion(ports, sandbox.owner, sandbox.id);
    }
    throw error;
  }
  return requireSandbox(ports, sandbox.owner, sandbox.id);
}

/** What a creation that comes to an end at once is made of, and what takes it back. */
export interface WholeCreation {
  readonly sandbox: Sandbox;
  /** Changes that belong to the same beginning, and come before the sandbox. */
  readonly alongside: readonly Change[];
  /** The changes after which there has never been anything. Safe to repeat. */
  readonly undo: (reason: SandboxdError) => readonly Change[];
  /** For people, in front of the reason and after it. */
  readonly failure: readonly [string, string];
}

/**
 * Creates a sandbox or nothing: one that ends in error is taken back. When its node is away, the order stands, and the
 * sandbox is `creating`.
 * @throws the failure's code, or `sandbox_unavailable` for a sandbox that ended in error
 */
export async function createWhole(ports: Ports, whole: WholeCreation): Promise<Sandbox> {
  const { sandbox, alongside } = whole;
  await ports.store.commit(...alongside, ...begun(ports, sandbox));
  const failure = await failureOf(ports, sandbox);
  if (failure === undefined) return requireSandbox(ports, sandbox.owner, sandbox.id);
  await ports.store.commit(...whole.undo(failure));
  const [before, after] = whole.failure;
  throw new SandboxdError(failure.code, `${before} ${failure.message} ${after}`, { cause: failure });
}

/** Why a creation came to nothing, if it did. */
async function failureOf(ports: Ports, sandbox: Sandbox): Promise<SandboxdError | undefined> {
  try {
    const seen = await carryOutOrLeave(ports, sandbox);
    if (seen?.state === 'error') return couldNotStart(seen);
  } catch (error) {
    return asSandboxdError(error);
  }
  const made = await ports.store.sandboxes.findOrdered(sandbox.owner, sandbox.id);
  if (made?.status === 'error') return couldNotStart(made);
  const isGone = made === undefined || made.desired === 'absent';
  return isGone ? new SandboxdError('conflict', 'Its sandbox was deleted meanwhile.') : undefined;
}

const couldNotStart = ({ errorMessage = 'The sandbox could not start.' }: { errorMessage?: string }) =>
  new SandboxdError('sandbox_unavailable', errorMessage);

/** Answers what the node saw. When it is away the order stands, and its next sync carries it out. */
async function carryOutOrLeave(ports: Ports, sandbox: Sandbox): Promise<SandboxObservation | undefined> {
  try {
    return await carryOut(ports, sandbox);
  } catch (error) {
    if (!isCode(error, 'node_unavailable')) throw error;
    ports.log.warn('a create waits for its node', { sandboxId: sandbox.id, nodeId: sandbox.nodeId });
    return undefined;
  }
}

/** A refused create leaves nothing to clean up by hand. */
export const withdrawn = (ports: Ports, sandbox: Sandbox, reason: SandboxdError): Change[] => [
  createFailed(ports, sandbox, reason),
  { kind: 'sandbox.order', owner: sandbox.owner, id: sandbox.id, desired: 'absent', at: ports.clock() },
];

export const createFailed = (ports: Ports, sandbox: Sandbox, reason: SandboxdError): Change =>
  recorded(ports, 'sandbox.create.failed', {
    ...about(sandbox),
    severity: 'warning',
    message: `The sandbox was not created: ${reason.message}`,
    payload: { reason: reason.code },
  });

const about = (sandbox: Sandbox) => ({
  owner: sandbox.owner,
  sandboxId: sandbox.id,
  appId: sandbox.appId,
});
