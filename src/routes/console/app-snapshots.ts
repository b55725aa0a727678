import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import type { Fact } from '../../views/models.ts';
import type { AppSnapshots } from '../../views/snapshot-models.ts';
import { captureForm, type RefusedCapture } from './capture-form.ts';
import type { LiveState } from './live-state.ts';
import { snapshotRows } from './snapshot-row.ts';

const SHOWN = 3;

/** The newest snapshots of an app, and the way to take another one. */
export async function appSnapshots(
  ports: Ports,
  { owner, id }: App,
  sandbox: Sandbox | undefined,
  state: LiveState,
  refused: RefusedCapture | undefined,
): Promise<AppSnapshots> {
  const snapshots = await ports.store.snapshots.list(owner, { appId: id, limit: SHOWN });
  return {
    form: captureForm('app', state, refused),
    rows: await snapshotRows(ports, id, sandbox, snapshots),
  };
}

/** Which app a fork was made of, and of which of its snapshots. Nothing for an app that is none. */
export async function originFacts(ports: Ports, { owner, forkedFrom }: App): Promise<Fact[]> {
  if (forkedFrom === undefined) return [];
  const { appId, snapshotId } = forkedFrom;
  const [source, snapshot] = await Promise.all([
    appId === undefined ? undefined : ports.store.apps.find(owner, appId),
    ports.store.snapshots.find(owner, snapshotId),
  ]);
  return [
    {
      name: 'Forked from',
      value: source?.name ?? 'an app that was deleted',
      ...(source && { href: `/apps/${source.id}` }),
      ...(snapshot && { note: `“${snapshot.name}”` }),
    },
  ];
}
