import { notFound } from '../../domain/errors.ts';
import type { TaskFile } from '../../domain/task.ts';
import type { TaskKeeperContext } from './context.ts';

/**
 * What lies on the disk of a task. Undefined while its sandbox may be running: what is read then may be half of what is
 * being written.
 * @throws not_found
 */
export async function fileAtRest(
  { sandboxes, ports }: Pick<TaskKeeperContext, 'sandboxes' | 'ports'>,
  sandboxId: string,
  taskId: string,
  file: TaskFile,
): Promise<Uint8Array | undefined> {
  return sandboxes.exclusively(sandboxId, async () => {
    if (!sandboxes.isAtRest(sandboxId)) return undefined;
    const bytes = await ports.workspaces.taskFile(sandboxId, taskId, file);
    if (bytes === undefined) throw notFound('task');
    return bytes;
  });
}
