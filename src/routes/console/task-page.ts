import type { App } from '../../domain/app.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Task } from '../../domain/task.ts';
import { readTaskDiff } from '../../domain/task-commands.ts';
import type { Frame } from '../../views/models.ts';
import type { TaskPage } from '../../views/task-models.ts';
import { parseDiff } from './diff.ts';
import { inTime } from '../../domain/pause.ts';
import { PATIENCE_MS } from './patience.ts';
import { revertNote } from './revert-note.ts';
import { logSoFar } from './task-events.ts';
import { taskPanel } from './task-panel.ts';

interface Asked {
  /** Whether only what changes by itself is wanted: the page has the log already, and is told how it goes on. */
  readonly isPartial: boolean;
  /** A parameter of the page's address. */
  readonly query: (name: string) => string | undefined;
}

/** Everything the page of one task says. */
export async function taskPage(
  ports: Ports,
  owner: string,
  app: App,
  task: Task,
  { isPartial, query }: Asked,
): Promise<Omit<TaskPage, keyof Frame>> {
  const isRunning = task.status === 'running';
  const [sandbox, log, changes] = await Promise.all([
    ports.store.sandboxes.find(owner, task.sandboxId),
    isPartial ? {} : logSoFar(ports, task),
    isRunning ? undefined : changesOf(ports, task),
  ]);
  const panel = taskPanel(task, app.id, sandbox, ports.clock(), { ...log, isOpen: true });
  return {
    id: app.id,
    name: app.name,
    task: panel,
    changes,
    reverted: revertNote(query, panel.verdict?.canRevert === true),
    settling: isRunning,
  };
}

/** What the task changed; a note when that cannot be shown. The rest of the page is worth showing without it. */
async function changesOf(ports: Ports, task: Task): Promise<TaskPage['changes']> {
  const none = { files: [], moreFiles: 0 };
  try {
    const bytes = await inTime(readTaskDiff(ports, task.owner, task.sandboxId, task.id), PATIENCE_MS);
    if (bytes === undefined) return { ...none, note: 'The changes cannot be read right now.' };
    const diff = parseDiff(new TextDecoder().decode(bytes));
    return diff.files.length === 0 ? { ...none, note: 'It changed no files.' } : diff;
  } catch (error) {
    if (!(error instanceof SandboxdError)) throw error;
    const isGone = error.code === 'not_found';
    return { ...none, note: isGone ? error.message : 'The changes cannot be read right now.' };
  }
}
