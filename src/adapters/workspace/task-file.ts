import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TASK_FILES, TASKS_DIRECTORY, type TaskFile } from '../../domain/task.ts';
import { errnoOf } from '../../host/errno.ts';
import { canonicalId, type Owner, type SandboxLayout } from './layout.ts';
import { Places } from './places.ts';

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What says that there is no such plain file; the tenant can put anything in its place. */
const NOTHING_THERE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

/**
 * One of the files that runtimed keeps of a task, of a sandbox that does not run: its beginning, as far as its limit.
 * @throws invalid_request for what is no task's id; not_found without the workspace
 */
export async function readTaskFile(
  sandbox: SandboxLayout,
  owner: Owner,
  taskId: string,
  file: TaskFile,
): Promise<Uint8Array | undefined> {
  const segments = [...TASKS_DIRECTORY.split('/'), canonicalId(taskId)];
  try {
    await using directory = await new Places(sandbox.home, owner).hold(segments);
    await using handle = await open(`${directory.path}/${file}`, READ);
    return (await handle.stat()).isFile() ? await beginning(handle, TASK_FILES[file]) : undefined;
  } catch (error) {
    if (NOTHING_THERE.has(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function beginning(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const { size } = await handle.stat();
  const buffer = Buffer.alloc(Math.min(size, limit));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.subarray(0, bytesRead);
}
