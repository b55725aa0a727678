import type { App } from '../../domain/app.ts';
import { forkName } from '../../domain/fork-commands.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Frame } from '../../views/models.ts';
import type { DeleteSnapshotPage, ForkPage, RestorePage } from '../../views/snapshot-models.ts';
import { liveViews, previewOf } from './live-view.ts';
import { snapshotBrief } from './snapshot-row.ts';

type Question<Page> = Omit<Page, keyof Frame>;

/**
 * What every question about a snapshot says.
 * @param problem why it was not done
 */
export function snapshotQuestion(
  ports: Ports,
  { id, name }: App,
  snapshot: Snapshot,
  problem?: string,
): Question<DeleteSnapshotPage> {
  return {
    problem,
    id,
    name,
    snapshot: snapshotBrief(snapshot, id, ports.clock()),
    backHref: `/apps/${id}/snapshots`,
  };
}

/** @param problem why it was not done */
export async function restoreQuestion(
  ports: Ports,
  app: App,
  snapshot: Snapshot,
  problem?: string,
): Promise<Question<RestorePage>> {
  const view = (await liveViews(ports, app.owner, [app])).get(app.id);
  return {
    ...snapshotQuestion(ports, app, snapshot, problem),
    isReplaced: view !== undefined,
    isVisited: previewOf(ports, view) !== undefined,
  };
}

/** @param asked what was sent, and what was wrong with it */
export const forkQuestion = (
  ports: Ports,
  app: App,
  snapshot: Snapshot,
  asked: Partial<Pick<ForkPage, 'forkName' | 'nameProblem' | 'problem'>> = {},
): Question<ForkPage> => ({
  ...snapshotQuestion(ports, app, snapshot),
  ...asked,
  forkName: asked.forkName ?? forkName(app),
});
