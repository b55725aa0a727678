import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where administrators' programs are, whether or not the user's own PATH says so. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A PATH for programs that call such programs themselves. */
export const SYSTEM_PATH = SYSTEM_DIRECTORIES.join(':');

/** The path of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  return SYSTEM_DIRECTORIES.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: either way not a program to run.
    return false;
  }
}
