import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFiles } from './sandbox.ts';

/**
 * Makes a `git` that hangs at one of its commands for as long as there is a file `hang`, and says so in a file `hangs`.
 * @param bin where it is made, and those files are
 * @returns the PATH with which it is found
 */
export async function slowGit(bin: string, command: string): Promise<string> {
  const path = process.env['PATH'] ?? '';
  const script = [
    '#!/bin/bash',
    `case " $* " in *" ${command} "*) if [ -e ${bin}/hang ]; then touch ${bin}/hangs; exec sleep 60; fi ;; esac`,
    `PATH=${path} exec git "$@"`,
  ];
  await writeFiles(bin, { git: `${script.join('\n')}\n`, hang: '' });
  await chmod(join(bin, 'git'), 0o755);
  return `${bin}:${path}`;
}
