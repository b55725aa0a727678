import { isCode } from './errors.ts';
import type { SandboxObservation } from './node.ts';
import type { Ports } from './ports.ts';
import type { Sandbox } from './sandbox.ts';

/** A sandbox's row together with what its node sees right now; `seen` is missing when the node does not answer. */
export interface SandboxView {
  readonly sandbox: Sandbox;
  readonly seen: SandboxObservation | undefined;
}

/** Completes rows with live observations: one question per node, whatever the number of sandboxes. */
export async function viewSandboxes(ports: Ports, sandboxes: readonly Sandbox[]): Promise<SandboxView[]> {
  const byNode = Map.groupBy(sandboxes, (sandbox) => sandbox.nodeId);
  const seen = await Promise.all([...byNode].map(([nodeId, of]) => observe(ports, nodeId, of)));
  const byId = new Map(seen.flat().map((observation) => [observation.id, observation]));
  return sandboxes.map((sandbox) => view(sandbox, byId.get(sandbox.id)));
}

export async function viewSandbox(ports: Ports, sandbox: Sandbox): Promise<SandboxView> {
  const [only] = await viewSandboxes(ports, [sandbox]);
  return only ?? { sandbox, seen: undefined };
}

/** The row learns of a sleep or a wake with the next sync; who looks now sees it now. */
function view(sandbox: Sandbox, seen: SandboxObservation | undefined): SandboxView {
  if (seen === undefined || seen.generation !== sandbox.generation || seen.state === 'absent')
    return { sandbox, seen };
  const status = seen.state === 'paused' ? 'running' : seen.state;
  const errorMessage = status === 'error' ? seen.errorMessage : undefined;
  return { sandbox: { ...sandbox, status, paused: seen.state === 'paused', errorMessage }, seen };
}

async function observe(
  ports: Ports,
  nodeId: string,
  sandboxes: readonly Sandbox[],
): Promise<readonly SandboxObservation[]> {
  try {
    return await ports.nodes.client(nodeId).observe(sandboxes.map((sandbox) => sandbox.id));
  } catch (error) {
    // A page about sandboxes is worth showing without their node: the rows still say what was last known.
    if (isCode(error, 'node_unavailable')) return [];
    throw error;
  }
}
