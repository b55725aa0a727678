import type { App } from '../../domain/app.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Task } from '../../domain/task.ts';
import { readTaskDiff } from '../../domain/task-commands.ts';
import type { Frame } from '../../views/models.ts';
import type { TaskPage } from '../../views/task-models.ts';
import { parseDiff } from './diff.ts';
import { inTime } from './patience.ts';
import { logSoFar } from './task-events.ts';
import { taskPanel } from './task-panel.ts';

interface Asked {
  /** Whether only what changes by itself is wanted: the page has the log already, and is told how it goes on. */
  readonly isPartial: boolean;
  /** How many files a revert that was just made changed. */
  readonly reverted?: string | undefined;
}

/** Everything the page of one task says. */
export async function taskPage(
  ports: Ports,
  owner: string,
  app: App,
  task: Task,
  { isPartial, reverted }: Asked,
): Promise<Omit<TaskPage, keyof Frame>> {
  const isRunning = task.status === 'running';
  const [sandbox, log, changes] = await Promise.all([
    ports.store.sandboxes.find(owner, task.sandboxId),
    isPartial ? {} : logSoFar(ports, task),
    isRunning ? undefined : changesOf(ports, task),
  ]);
  return {
    id: app.id,
    name: app.name,
    task: taskPanel(task, app.id, sandbox, ports.clock(), { ...log, isOpen: true }),
    changes,
    reverted: reverted === undefined ? undefined : revertedNote(reverted),
    settling: isRunning,
  };
}

function revertedNote(files: string): string {
  const count = /^\d{1,6}$/.test(files) ? Number(files) : undefined;
  const what = count === undefined ? '' : ` ${count} ${count === 1 ? 'file was' : 'files were'} put back.`;
  return `The app is as it was before this task.${what} What was there until now is kept as a checkpoint.`;
}

/** What the task changed; a note when that cannot be shown. The rest of the page is worth showing without it. */
async function changesOf(ports: Ports, task: Task): Promise<TaskPage['changes']> {
  const none = { files: [], moreFiles: 0 };
  try {
    const bytes = await inTime(readTaskDiff(ports, task.owner, task.sandboxId, task.id));
    if (bytes === undefined) return { ...none, note: 'The changes cannot be read right now.' };
    const diff = parseDiff(new TextDecoder().decode(bytes));
    return diff.files.length === 0 ? { ...none, note: 'It changed no files.' } : diff;
  } catch (error) {
    if (!(error instanceof SandboxdError)) throw error;
    const isGone = error.code === 'not_found';
    return { ...none, note: isGone ? error.message : 'The changes cannot be read right now.' };
  }
}
