import type { Finding } from './check.ts';
import { checkEngine, checkFirewall, checkStorage } from './engine.ts';
import type { MachineFacts } from './facts.ts';
import {
  checkDataDir,
  checkDisk,
  checkMemory,
  checkNames,
  checkPort,
  checkSnapshots,
  checkSystem,
  checkUser,
} from './machine.ts';

type Check = (facts: MachineFacts) => Finding;

/** What must be so before anything is prepared. */
const MACHINE: readonly Check[] = [
  checkSystem,
  checkUser,
  checkMemory,
  checkDisk,
  checkDataDir,
  checkSnapshots,
  checkPort,
  checkNames,
];
/** What `up` mends by itself where it can. */
const ENGINE: readonly Check[] = [checkEngine, checkStorage, checkFirewall];

export const examineMachine = (facts: MachineFacts): Finding[] => MACHINE.map((check) => check(facts));
export const examineAll = (facts: MachineFacts): Finding[] =>
  [...MACHINE, ...ENGINE].map((check) => check(facts));

const SIGNS = { ok: '✓', warn: '!', fail: '✗' } as const;

/** A finding in one line, or two when there is something to do. */
export function describeFinding({ name, level, found, remedy }: Finding): string {
  const line = `${SIGNS[level]} ${name.padEnd(14)}  ${found}`;
  return remedy === undefined ? line : `${line}\n    ${remedy}`;
}
