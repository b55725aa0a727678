import { requireSandbox } from './require.ts';
import type { SandboxFiles } from './files.ts';
import type { NodeClient } from './node.ts';
import type { Ports } from './ports.ts';

/** The node that holds a sandbox of this owner, to reach what is inside it. @throws not_found, node_unavailable */
export async function nodeOf(
  ports: Ports,
  owner: string,
  id: string,
): Promise<{ client: NodeClient; id: string }> {
  const sandbox = await requireSandbox(ports, owner, id);
  return { client: ports.nodes.client(sandbox.nodeId), id: sandbox.id };
}

/** The files of a sandbox of this owner. @throws not_found, node_unavailable */
export async function filesOf(ports: Ports, owner: string, id: string): Promise<SandboxFiles> {
  const { client } = await nodeOf(ports, owner, id);
  return client.files(id);
}

/**
 * The last lines of a process's log, the latest last.
 * @throws not_found, sandbox_unavailable while it does not run, node_unavailable
 */
export async function tailLog(
  ports: Ports,
  owner: string,
  id: string,
  process: string,
  lines: number,
): Promise<string[]> {
  const { client } = await nodeOf(ports, owner, id);
  return client.tailLog(id, process, lines);
}
