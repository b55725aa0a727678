import { createHash } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from './app-package.ts';
import type { InstallPlace, InstallStep } from './install-step.ts';

const REQUIREMENTS = 'requirements.txt';
const ENVIRONMENT = '.venv';
/** The digest of the list that an environment was made from: written when an install has succeeded, also by the image. */
const RECORD = `${ENVIRONMENT}/requirements.sha256`;

/**
 * What is there already is taken as it is, without asking an index. The system's own packages count: the image has the
 * frameworks its presets need.
 */
const INSTALL = [
  `{ [ -x ${ENVIRONMENT}/bin/python ] || python3 -m venv --clear --system-site-packages ${ENVIRONMENT}; }`,
  `{ ${ENVIRONMENT}/bin/python -m pip install --quiet --no-index --no-deps --requirement ${REQUIREMENTS} 2>/dev/null ||` +
    ` ${ENVIRONMENT}/bin/python -m pip install --requirement ${REQUIREMENTS}; }`,
].join(' && ');

/** The step that brings `.venv` in line with `requirements.txt`; undefined when it is, or where there is no such list. */
export async function pythonInstall({
  directory,
  isUnfinished,
}: InstallPlace): Promise<InstallStep | undefined> {
  const requirements = await readText(join(directory, REQUIREMENTS));
  if (requirements === undefined) return undefined;
  const digest = createHash('sha256').update(requirements).digest('hex');
  const why = isUnfinished ? 'the last install was cut off' : await difference(directory, digest);
  if (why === undefined) return undefined;
  return { why, command: `${INSTALL} && echo ${digest} >${RECORD}` };
}

async function difference(directory: string, digest: string): Promise<string | undefined> {
  const python = join(directory, ENVIRONMENT, 'bin/python');
  // Followed on purpose: an environment whose interpreter has gone is none.
  const isThere = await access(python, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isThere) return 'there is no virtual environment';
  const installed = await readText(join(directory, RECORD));
  return installed?.trim() === digest ? undefined : `${REQUIREMENTS} has changed since the last install`;
}
