import type { Statement } from '../sql.ts';
import { firstSchema } from './0001-first-schema.ts';
import { tasksAndCredentials } from './0002-tasks.ts';
import { snapshotsAndReplacements } from './0003-snapshots.ts';
import { controlPlaneMemory } from './0004-control.ts';

/** One step of the schema. Steps are only ever added: a released one never changes. */
export interface Migration {
  /** 1, 2, 3… without gaps. */
  readonly version: number;
  readonly statements: readonly Statement[];
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, statements: firstSchema },
  { version: 2, statements: tasksAndCredentials },
  { version: 3, statements: snapshotsAndReplacements },
  { version: 4, statements: controlPlaneMemory },
];
