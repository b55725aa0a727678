import { requireApp } from './require.ts';
import type * as v from 'valibot';
import { type App, type AppPatch, type NewApp } from './app.ts';
import { invalid } from './errors.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import { discardOf } from './retention.ts';
import { deleteSandbox } from './sandbox-commands.ts';
import type { Change } from './store.ts';

/** Creates an app without a sandbox. */
export async function createApp(
  ports: Ports,
  owner: string,
  input: v.InferOutput<typeof NewApp>,
): Promise<App> {
  const now = ports.clock();
  const app: App = {
    id: ports.newId(),
    owner,
    name: input.name,
    description: input.description,
    tags: input.tags,
    externalUserId: input.external_user_id,
    externalProjectId: input.external_project_id,
    preset: input.runtime_preset,
    createdAt: now,
    updatedAt: now,
  };
  await ports.store.commit(
    { kind: 'app.insert', app },
    recorded(ports, 'app.created', { owner, appId: app.id, message: `App "${app.name}" was created.` }),
  );
  return app;
}

/** @throws not_found, invalid_request when nothing is changed */
export async function updateApp(
  ports: Ports,
  owner: string,
  id: string,
  patch: v.InferOutput<typeof AppPatch>,
): Promise<App> {
  const fields = Object.keys(patch);
  if (fields.length === 0) throw invalid('The body changes nothing: give name, description or tags.');
  const app = await requireApp(ports, owner, id);
  await ports.store.commit(
    { kind: 'app.update', owner, id: app.id, set: patch, at: ports.clock() },
    recorded(ports, 'app.updated', {
      owner,
      appId: app.id,
      message: `App "${patch.name ?? app.name}" was updated.`,
      payload: { fields: fields.join(',') },
    }),
  );
  return requireApp(ports, owner, id);
}

/**
 * Removes the app with its sandbox and workspace.
 * @param snapshots whether its snapshots go as well; kept, they can still be found and used
 * @throws not_found
 */
export async function deleteApp(
  ports: Ports,
  owner: string,
  id: string,
  snapshots: 'keep' | 'delete' = 'keep',
): Promise<void> {
  const app = await requireApp(ports, owner, id);
  const removal: Change[] = [
    { kind: 'app.delete', owner, id: app.id },
    recorded(ports, 'app.deleted', { owner, appId: app.id, message: `App "${app.name}" was deleted.` }),
    ...(snapshots === 'delete' ? await snapshotRemoval(ports, owner, app.id) : []),
  ];
  if (app.currentSandboxId === undefined) await ports.store.commit(...removal);
  else await deleteSandbox(ports, owner, app.currentSandboxId, removal);
}

/** A capture that is under way comes to nothing: its sandbox goes. The node's next sync removes the archives. */
async function snapshotRemoval(ports: Ports, owner: string, appId: string): Promise<Change[]> {
  const removal: Change[] = [];
  for (let before: string | undefined; ; ) {
    const page = await ports.store.snapshots.list(owner, { appId, before, limit: 200 });
    for (const snapshot of page) {
      const isUnderWay = snapshot.status === 'capturing';
      if (isUnderWay) removal.push({ kind: 'snapshot.withdraw', owner, id: snapshot.id });
      else removal.push(...discardOf(ports, snapshot, 'user'));
    }
    before = page.at(-1)?.id;
    if (before === undefined) return removal;
  }
}
