import type * as v from 'valibot';
import { type App, APP_NAME_LENGTH } from './app.ts';
import { tidyAway } from './carry-out.ts';
import type { SandboxdError } from './errors.ts';
import { shorten } from './shorten.ts';
import type { Ports } from './ports.ts';
import { recordAfter, recorded } from './record.ts';
import { requireApp } from './require.ts';
import type { Sandbox } from './sandbox.ts';
import { createFailed, createWhole, newSandbox, type WholeCreation } from './sandbox-creation.ts';
import type { ForkInput, Snapshot } from './snapshot.ts';
import { holderOf, madeFrom, requireReady } from './snapshot-source.ts';

const SUFFIX = ' (fork)';

/**
 * Makes a new app and its sandbox from a snapshot, or nothing. It is independent from then on, and takes over what
 * describes the app: neither its configuration nor what the caller's own systems know it by.
 * @throws not_found, invalid_request for a snapshot that is not ready, and what the node does
 */
export async function forkApp(
  ports: Ports,
  owner: string,
  appId: string,
  input: v.InferOutput<typeof ForkInput>,
): Promise<{ app: App; sandbox: Sandbox }> {
  const source = await requireApp(ports, owner, appId);
  const snapshot = await requireReady(ports, owner, input.snapshot_id, 'snapshot_id');
  const app = forkOf(ports, source, snapshot, input.name);
  const nodeId = await ports.nodes.place(holderOf(snapshot));
  const sandbox = newSandbox(ports, { owner, appId: app.id, nodeId, ...madeFrom(snapshot) });
  try {
    const made = await createWhole(ports, forking(ports, app, sandbox));
    await recordAfter(ports, forked(ports, source, app, snapshot));
    return { app: { ...app, currentSandboxId: made.id }, sandbox: made };
  } finally {
    await tidyAway(ports, owner, sandbox.id);
  }
}

/** What a fork is called unless it is told. */
export const forkName = ({ name }: App): string => shorten(name, APP_NAME_LENGTH - SUFFIX.length) + SUFFIX;

function forkOf(ports: Ports, source: App, snapshot: Snapshot, name?: string): App {
  const now = ports.clock();
  return {
    id: ports.newId(),
    owner: source.owner,
    name: name ?? forkName(source),
    description: source.description,
    tags: source.tags,
    preset: snapshot.blueprint.preset,
    forkedFrom: { snapshotId: snapshot.id, appId: source.id },
    createdAt: now,
    updatedAt: now,
  };
}

function forking(ports: Ports, app: App, sandbox: Sandbox): WholeCreation {
  const about = { owner: app.owner, appId: app.id };
  return {
    sandbox,
    alongside: [
      { kind: 'app.insert', app },
      recorded(ports, 'app.created', { ...about, message: `App "${app.name}" was created, as a fork.` }),
    ],
    undo: (reason: SandboxdError) => [
      createFailed(ports, sandbox, reason),
      { kind: 'app.delete', owner: app.owner, id: app.id },
      recorded(ports, 'app.deleted', {
        ...about,
        message: `App "${app.name}" was deleted: the fork failed.`,
      }),
    ],
    failure: ['The fork failed:', 'Nothing is left of it.'],
  };
}

const forked = (ports: Ports, source: App, app: App, snapshot: Snapshot) =>
  recorded(ports, 'snapshot.forked', {
    owner: source.owner,
    appId: source.id,
    snapshotId: snapshot.id,
    message: `App "${app.name}" was forked from “${snapshot.name}”.`,
    payload: { app_id: app.id },
  });
