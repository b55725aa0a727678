import * as v from 'valibot';
import { requireDelivered } from './config-delivery.ts';
import { requireSandbox } from './require.ts';
import type { SandboxFiles } from './files.ts';
import type { NodeClient } from './node.ts';
import type { Ports } from './ports.ts';
import { RESTART_SCOPES, type RestartScope } from './runtimed.ts';
import type { Sandbox } from './sandbox.ts';

/** The node that holds a sandbox of this owner, to reach what is inside it. @throws not_found, node_unavailable */
export async function nodeOf(
  ports: Ports,
  owner: string,
  id: string,
): Promise<{ client: NodeClient; id: string }> {
  const sandbox = await requireSandbox(ports, owner, id);
  return { client: ports.nodes.client(sandbox.nodeId), id: sandbox.id };
}

/** The body of a restart. */
export const ProcessRestart = v.object({
  scope: v.optional(v.picklist(RESTART_SCOPES, `must be one of ${RESTART_SCOPES.join(', ')}`), 'all'),
});

/**
 * Restarts processes of a sandbox that runs; in one that sleeps they start anew when it wakes. Returns when the old
 * ones have ended: what answers from then on is new, and has the app's configuration as it is now.
 * @throws not_found, sandbox_unavailable, node_unavailable, unavailable when a value of that cannot be read
 */
export async function restartProcesses(
  ports: Ports,
  owner: string,
  id: string,
  scope: RestartScope,
): Promise<Sandbox> {
  const sandbox = await requireSandbox(ports, owner, id);
  await requireDelivered(ports, sandbox);
  await ports.nodes.client(sandbox.nodeId).restartProcesses(sandbox.id, scope);
  return requireSandbox(ports, owner, id);
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

/** An app as a zip archive. */
export interface ExportedApp {
  /** What the app is called. */
  readonly name: string;
  readonly bytes: ReadableStream<Uint8Array>;
}

/**
 * The app directory of a sandbox in whatever state, without what is generated. What fails once this has returned breaks the
 * stream; cancelling that, or aborting the signal, ends the work.
 * @throws not_found, conflict for too many at once, sandbox_unavailable, node_unavailable
 */
export async function exportApp(
  ports: Ports,
  owner: string,
  id: string,
  signal: AbortSignal,
): Promise<ExportedApp> {
  const sandbox = await requireSandbox(ports, owner, id);
  const app = sandbox.appId === undefined ? undefined : await ports.store.apps.find(owner, sandbox.appId);
  const bytes = await ports.nodes.client(sandbox.nodeId).export(sandbox.id, signal);
  return { name: app?.name ?? sandbox.id, bytes };
}
