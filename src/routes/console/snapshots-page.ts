import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Frame } from '../../views/models.ts';
import type { SnapshotsPage } from '../../views/snapshot-models.ts';
import { page as pageOf } from '../v1/params.ts';
import { captureForm, type RefusedCapture } from './capture-form.ts';
import { appState } from './app-state.ts';
import { isSettling } from './live-state.ts';
import { withLineage } from './snapshot-lineage.ts';
import { isCapturing, snapshotRows } from './snapshot-row.ts';

const PAGE_SIZE = 20;

interface Asked {
  /** The snapshot that ended the page before. */
  readonly before?: string | undefined;
  readonly refusedCapture?: RefusedCapture;
}

/** Everything that was kept of an app. */
export async function snapshotsPage(
  ports: Ports,
  app: App,
  { before, refusedCapture }: Asked,
): Promise<Omit<SnapshotsPage, keyof Frame>> {
  const { id, name, owner } = app;
  const [{ view, state }, { rows: snapshots, next_before }] = await Promise.all([
    appState(ports, app),
    pageOf({ limit: PAGE_SIZE, before }, (query) =>
      ports.store.snapshots.list(owner, { ...query, appId: id }),
    ),
  ]);
  const rows = await snapshotRows(ports, id, view?.sandbox, snapshots);
  const here = `/apps/${id}/snapshots`;
  return {
    id,
    name,
    form: captureForm('history', state, refusedCapture),
    rows: await withLineage(ports, snapshots, rows),
    here: before === undefined ? here : `${here}?before=${before}`,
    isFirstPage: before === undefined,
    olderHref: next_before && `${here}?before=${next_before}`,
    // A page that says what was wrong with a form does not go away by itself.
    settling: refusedCapture === undefined && (isSettling(state) || rows.some(isCapturing)),
  };
}
