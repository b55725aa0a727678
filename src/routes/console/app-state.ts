import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import { type LiveState, liveState } from './live-state.ts';
import { liveViews } from './live-view.ts';
import { type Restoring, restoringOf } from './restoring.ts';

export interface AppState {
  readonly state: LiveState;
  /** Of its sandbox, if it has one. */
  readonly view: SandboxView | undefined;
  /** What is about to take that one's place. */
  readonly restoring: Restoring | undefined;
}

/** What an app is doing, a restore included. */
export async function appState(ports: Ports, app: App): Promise<AppState> {
  const view = (await liveViews(ports, app.owner, [app])).get(app.id);
  const restoring = await restoringOf(ports, view?.sandbox);
  return { state: restoring === undefined ? liveState(view) : 'restoring', view, restoring };
}
