import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes effect at once, whatever is on it. @param size as `mount` has it: `2g` */
  resize(size: string): Promise<void>;
}

/**
 * A file system of its own that can be filled up; it goes with all that is on it. Needs root.
 * @param size as `mount` has it: `8m`
 * @param at where it is seen, made if need be; a directory of its own otherwise
 */
export async function smallDisk(size: string, at?: string): Promise<SmallDisk> {
  const path = at ?? (await mkdtemp(join(tmpdir(), 'sandboxd-disk-')));
  await mkdir(path, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', path]);
  return {
    path,
    resize: async (other) => {
      await run('mount', ['-o', `remount,size=${other}`, path]);
    },
    [Symbol.asyncDispose]: async () => {
      await run('umount', ['--lazy', path]);
      if (at === undefined) await rm(path, { recursive: true });
    },
  };
}
