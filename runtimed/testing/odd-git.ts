import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFiles } from './sandbox.ts';

/**
 * Makes a `git` that does something else instead of one of its commands for as long as there is a file `odd`, and says
 * so in a file `seen`.
 * @param bin where it is made, and those files are
 * @param instead for bash; by default it hangs
 * @returns the PATH with which it is found
 */
export async function oddGit(bin: string, command: string, instead = 'exec sleep 60'): Promise<string> {
  const path = process.env['PATH'] ?? '';
  const script = [
    '#!/bin/bash',
    `case " $* " in *" ${command} "*) if [ -e ${bin}/odd ]; then touch ${bin}/seen; ${instead}; fi ;; esac`,
    `PATH=${path} exec git "$@"`,
  ];
  await writeFiles(bin, { git: `${script.join('\n')}\n`, odd: '' });
  await chmod(join(bin, 'git'), 0o755);
  return `${bin}:${path}`;
}
