import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import type { Task } from '../../domain/task.ts';
import type { AppTasks } from '../../views/task-models.ts';
import type { LiveState } from './live-state.ts';
import { promptBox, type RefusedPrompt } from './prompt-box.ts';
import { logSoFar } from './task-events.ts';
import { taskPanel, taskRow } from './task-panel.ts';

interface Known {
  /** The app's that are shown, newest first. */
  readonly tasks: readonly Task[];
  /** Whether only what changes by itself is wanted. */
  readonly isPartial: boolean;
  readonly refused?: RefusedPrompt | undefined;
}

/** What agents do in an app, and the way to ask them for more. */
export async function appTasks(
  ports: Ports,
  app: App,
  sandbox: Sandbox | undefined,
  state: LiveState,
  { tasks, isPartial, refused }: Known,
): Promise<AppTasks> {
  const [latest, ...earlier] = tasks;
  // Pages with scripts are told by events what is said; one without shows what there is.
  const isTold = latest?.status === 'running' && !isPartial;
  const [box, log] = await Promise.all([
    promptBox(ports, app.owner, state, tasks, refused),
    isTold ? logSoFar(ports, latest) : {},
  ]);
  const now = ports.clock();
  return {
    box,
    ...(latest && { latest: taskPanel(latest, app.id, sandbox, now, log) }),
    earlier: earlier.map((task) => taskRow(task, app.id, now)),
  };
}
